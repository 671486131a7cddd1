#include "kernels/cuda/device/stream.h"

#include <string>
#include <utility>

#include "kernels/check.h"

namespace apertura::kernels::cuda {

void check(cudaError_t status, const char* call) {
    if (status == cudaSuccess) {
        return;
    }
    // Clears an error that is not sticky, so that the next launch is not blamed for it.
    cudaGetLastError();
    throw CudaError(std::string(call) + " failed: " + cudaGetErrorString(status),
                    status == cudaErrorMemoryAllocation);
}

Stream::Stream() {
    check(cudaStreamCreateWithFlags(&m_stream, cudaStreamNonBlocking), "cudaStreamCreate");
}

Stream::~Stream() {
    cudaStreamDestroy(m_stream);
}

void Stream::synchronize() {
    check(cudaStreamSynchronize(m_stream), "cudaStreamSynchronize");
}

DeviceBuffer::DeviceBuffer(std::size_t bytes) {
    if (bytes > 0) {
        void* memory = nullptr;
        check(cudaMalloc(&memory, bytes), "cudaMalloc");
        m_data = static_cast<std::byte*>(memory);
        m_size = bytes;
    }
}

DeviceBuffer::~DeviceBuffer() {
    cudaFree(m_data);
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
    std::swap(m_data, other.m_data);
    std::swap(m_size, other.m_size);
    return *this;
}

void DeviceBuffer::upload(const void* source, std::size_t bytes, std::size_t offset,
                          Stream& stream) {
    CHECK(offset <= m_size && bytes <= m_size - offset);
    check(cudaMemcpyAsync(m_data + offset, source, bytes, cudaMemcpyHostToDevice, stream.handle()),
          "cudaMemcpyAsync");
}

HostBuffer::HostBuffer(std::size_t bytes) {
    void* memory = nullptr;
    check(cudaMallocHost(&memory, bytes), "cudaMallocHost");
    m_data = static_cast<std::byte*>(memory);
}

HostBuffer::~HostBuffer() {
    cudaFreeHost(m_data);
}

}  // namespace apertura::kernels::cuda
