#include "inference/backend/cuda/device_choice.h"

#include <cuda_runtime_api.h>

#include "inference/backend/cuda/byte_text.h"

namespace apertura::cuda {

namespace {

// sm_75, the oldest that the kernels are built for, as 10 major + minor.
constexpr int kOldestCapability = 75;
constexpr int kPciBusIdBytes = 32;

int attribute(cudaDeviceAttr which, int device) {
    int value = 0;
    return cudaDeviceGetAttribute(&value, which, device) == cudaSuccess ? value : 0;
}

Device describe(int index) {
    Device device;
    device.index = index;
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, index) == cudaSuccess) {
        device.name = properties.name;
        device.memoryBytes = static_cast<std::int64_t>(properties.totalGlobalMem);
    }
    char busId[kPciBusIdBytes] = {};
    if (cudaDeviceGetPCIBusId(busId, kPciBusIdBytes, index) == cudaSuccess) {
        device.pciBusId = busId;
    }
    device.major = attribute(cudaDevAttrComputeCapabilityMajor, index);
    device.minor = attribute(cudaDevAttrComputeCapabilityMinor, index);
    cudaDriverGetVersion(&device.driverVersion);
    cudaRuntimeGetVersion(&device.runtimeVersion);
    return device;
}

Error noDevice(cudaError_t status) {
    switch (status) {
        case cudaSuccess:
        case cudaErrorNoDevice:
            return {ErrorCode::unsupported, "No NVIDIA GPU was found."};
        case cudaErrorInsufficientDriver:
            return {ErrorCode::unsupported,
                    "The NVIDIA driver is missing or too old for this build's CUDA " +
                        std::to_string(CUDART_VERSION / 1000) + "."};
        default:
            return {ErrorCode::unsupported, std::string("The NVIDIA driver does not start: ") +
                                                cudaGetErrorString(status) + "."};
    }
}

}  // namespace

std::string Device::description() const {
    return name + ", " + byteText(memoryBytes, Rounding::up);
}

Result<Device> chooseDevice() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count == 0) {
        return noDevice(status);
    }
    Device best;
    Device newest;
    for (int index = 0; index < count; ++index) {
        const Device device = describe(index);
        const int capability = 10 * device.major + device.minor;
        if (capability >= kOldestCapability && device.memoryBytes > best.memoryBytes) {
            best = device;
        }
        if (capability >= 10 * newest.major + newest.minor) {
            newest = device;
        }
    }
    if (best.memoryBytes == 0) {
        return Error{ErrorCode::unsupported, "The GPU " + newest.name + " has compute capability " +
                                                 std::to_string(newest.major) + "." +
                                                 std::to_string(newest.minor) +
                                                 ", but 7.5 is the oldest supported."};
    }
    return best;
}

}  // namespace apertura::cuda
