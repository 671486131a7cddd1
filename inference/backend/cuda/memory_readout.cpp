#include "inference/backend/cuda/memory_readout.h"

#include <algorithm>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

namespace apertura::cuda {

namespace {

// NVML's own declarations (nvml.h), written here because the library is opened at run time and its
// header is not always installed with the toolkit.
struct NvmlMemory {
    unsigned long long total = 0;
    unsigned long long free = 0;
    unsigned long long used = 0;
};
using NvmlDevice = void*;
using NvmlInit = int (*)();
using NvmlShutdown = int (*)();
using NvmlFindDevice = int (*)(const char* pciBusId, NvmlDevice* device);
using NvmlMemoryInfo = int (*)(NvmlDevice device, NvmlMemory* memory);

constexpr int kNvmlSuccess = 0;

// cuBLAS's workspace is 32 MiB at most, and kernels are loaded when first used. Never more than a
// small share of what is there.
constexpr std::size_t kRuntimeReserve = std::size_t{96} << 20;
constexpr std::size_t kReservedShare = 32;

}  // namespace

struct MemoryReadout::Nvml {
    void* library = nullptr;
    NvmlShutdown shutdown = nullptr;
    NvmlMemoryInfo memoryInfo = nullptr;
    NvmlDevice device = nullptr;

    static std::unique_ptr<Nvml> open(const std::string& pciBusId);
    ~Nvml();
};

std::unique_ptr<MemoryReadout::Nvml> MemoryReadout::Nvml::open(const std::string& pciBusId) {
    void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return nullptr;
    }
    const auto start = reinterpret_cast<NvmlInit>(dlsym(library, "nvmlInit_v2"));
    const auto find =
        reinterpret_cast<NvmlFindDevice>(dlsym(library, "nvmlDeviceGetHandleByPciBusId_v2"));
    auto nvml = std::make_unique<Nvml>();
    nvml->library = library;
    nvml->memoryInfo = reinterpret_cast<NvmlMemoryInfo>(dlsym(library, "nvmlDeviceGetMemoryInfo"));
    const auto shutdown = reinterpret_cast<NvmlShutdown>(dlsym(library, "nvmlShutdown"));
    if (start == nullptr || find == nullptr || nvml->memoryInfo == nullptr || shutdown == nullptr ||
        start() != kNvmlSuccess) {
        return nullptr;
    }
    nvml->shutdown = shutdown;
    if (find(pciBusId.c_str(), &nvml->device) != kNvmlSuccess) {
        return nullptr;
    }
    return nvml;
}

MemoryReadout::Nvml::~Nvml() {
    if (shutdown != nullptr) {
        shutdown();
    }
    dlclose(library);
}

MemoryReadout::MemoryReadout(int device, const std::string& pciBusId)
    : m_device(device), m_nvml(Nvml::open(pciBusId)) {}

MemoryReadout::~MemoryReadout() = default;

DeviceMemory MemoryReadout::read() const {
    NvmlMemory memory;
    if (m_nvml != nullptr && m_nvml->memoryInfo(m_nvml->device, &memory) == kNvmlSuccess) {
        return {static_cast<std::int64_t>(memory.used), static_cast<std::int64_t>(memory.free)};
    }
    std::size_t free = 0;
    std::size_t total = 0;
    if (cudaSetDevice(m_device) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) {
        return {};
    }
    return {static_cast<std::int64_t>(total - free), static_cast<std::int64_t>(free)};
}

std::int64_t plannableBytes(int device) {
    std::size_t free = 0;
    std::size_t total = 0;
    if (cudaSetDevice(device) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) {
        return 0;
    }
    return static_cast<std::int64_t>(free - std::min(kRuntimeReserve, free / kReservedShare));
}

}  // namespace apertura::cuda
