// One allocation that many buffers share: one arena per model and one per session, sized by a plan
// before anything is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/check.h"
#include "kernels/cuda/device/stream.h"

namespace apertura::kernels::cuda {

inline constexpr std::size_t kArenaAlignment = 256;

constexpr std::size_t arenaBytes(std::size_t bytes) {
    return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

// Hands out pieces of one allocation, aligned to 256 bytes; nothing is given back singly.
class DeviceArena {
public:
    DeviceArena() = default;
    // Errors: throws CudaError, isOutOfMemory() where the device has too little.
    explicit DeviceArena(std::size_t bytes) : m_buffer(bytes) {}

    // Requires: room for arenaBytes(bytes) more.
    std::byte* take(std::size_t bytes) {
        std::byte* const piece = m_buffer.data() + m_used;
        m_used += arenaBytes(bytes);
        CHECK(m_used <= m_buffer.size());
        return piece;
    }
    template <typename T>
    T* take(std::size_t count) {
        return reinterpret_cast<T*>(take(count * sizeof(T)));
    }
    // A copy of host memory, in the order of `stream`; the source stays alive until it has passed.
    template <typename T>
    std::span<const T> upload(std::span<const T> source, Stream& stream) {
        if (source.empty()) {
            return {};
        }
        T* const copy = take<T>(source.size());
        check(cudaMemcpyAsync(copy, source.data(), source.size_bytes(), cudaMemcpyHostToDevice,
                              stream.handle()),
              "cudaMemcpyAsync");
        return {copy, source.size()};
    }
    std::size_t used() const { return m_used; }
    std::size_t size() const { return m_buffer.size(); }

private:
    DeviceBuffer m_buffer;
    std::size_t m_used = 0;
};

}  // namespace apertura::kernels::cuda
