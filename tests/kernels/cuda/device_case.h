// What every test of a CUDA op needs: whether there is a device, and copies to and from it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/device/stream.h"
#include "tests/support/cases.h"

namespace apertura::test {

// Why nothing can be tested here; empty where there is a device.
inline std::string missingDevice() {
    int devices = 0;
    const bool isThere = cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
    return isThere ? "" : "there is no CUDA device, real or virtual";
}

// A case that is skipped where there is no device.
inline Case deviceCase(std::string name, const std::function<void(Findings&)>& run) {
    return {std::move(name), [run](Findings& findings) {
                if (const std::string reason = missingDevice(); !reason.empty()) {
                    findings.skip(reason);
                    return;
                }
                run(findings);
            }};
}

// Skips the case where there is no device, and turns a device fault into a failure.
template <typename Body>
void onDevice(Findings& findings, const Body& body) {
    if (const std::string reason = missingDevice(); !reason.empty()) {
        findings.skip(reason);
        return;
    }
    try {
        kernels::cuda::Stream stream;
        body(stream);
        stream.synchronize();
    } catch (const kernels::cuda::CudaError& error) {
        findings.fail(error.what());
    }
}

template <typename T>
kernels::cuda::DeviceBuffer toDevice(const std::vector<T>& values, kernels::cuda::Stream& stream) {
    kernels::cuda::DeviceBuffer buffer(values.size() * sizeof(T));
    buffer.upload(values.data(), buffer.size(), 0, stream);
    return buffer;
}

template <typename T>
std::vector<T> toHost(const T* data, std::size_t count, kernels::cuda::Stream& stream) {
    std::vector<T> values(count);
    kernels::cuda::check(cudaMemcpyAsync(values.data(), data, count * sizeof(T),
                                         cudaMemcpyDeviceToHost, stream.handle()),
                         "cudaMemcpyAsync");
    stream.synchronize();
    return values;
}

}  // namespace apertura::test
