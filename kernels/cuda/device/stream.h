// Owners of what lives on a device: the stream that orders work, and memory. RAII throughout;
// nothing else calls cudaMalloc, cudaMallocHost, cudaFree or cudaStreamCreate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime_api.h>
#include <span>

#include "kernels/cuda/device/cuda_error.h"

namespace apertura::kernels::cuda {

// Throws CudaError naming the call, unless `status` is cudaSuccess.
void check(cudaError_t status, const char* call);

// The order in which work runs on a device.
// Threads: one at a time.
class Stream {
public:
    Stream();
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    cudaStream_t handle() const { return m_stream; }
    // Waits until all work given so far is done. Errors: throws CudaError for a fault in it.
    void synchronize();

private:
    cudaStream_t m_stream = nullptr;
};

// Bytes of device memory, freed with the owner. Aligned to 256 bytes.
class DeviceBuffer {
public:
    DeviceBuffer() = default;
    // Errors: throws CudaError, isOutOfMemory() where the device has too little.
    explicit DeviceBuffer(std::size_t bytes);
    ~DeviceBuffer();
    DeviceBuffer(DeviceBuffer&& other) noexcept;
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;

    std::byte* data() const { return m_data; }
    std::size_t size() const { return m_size; }
    template <typename T>
    T* as() const {
        return reinterpret_cast<T*>(m_data);
    }
    // Copies from host memory, in the order of `stream`; the source stays alive until it has
    // passed.
    void upload(const void* source, std::size_t bytes, std::size_t offset, Stream& stream);

private:
    std::byte* m_data = nullptr;
    std::size_t m_size = 0;
};

// Page-locked host memory, which a device copies to and from while the host goes on.
class HostBuffer {
public:
    // Errors: throws CudaError, isOutOfMemory() where the host has too little.
    explicit HostBuffer(std::size_t bytes);
    ~HostBuffer();
    HostBuffer(const HostBuffer&) = delete;
    HostBuffer& operator=(const HostBuffer&) = delete;

    std::byte* data() const { return m_data; }

private:
    std::byte* m_data = nullptr;
};

}  // namespace apertura::kernels::cuda
