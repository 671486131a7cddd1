// A session's memory on a device: one arena with the KV cache of the whole context and the
// activations of a pass, and the stream that its work runs on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inference/backend/backend.h"
#include "inference/backend/cuda/sequence_buffers.h"
#include "kernels/cuda/device/arena.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/cuda/position.h"
#include "kernels/cuda/prefill_matmul.h"

namespace apertura::cuda {

class CudaSequence : public Sequence {
public:
    // Requires: `device` is the thread's current one. Errors: throws CudaError, isOutOfMemory()
    // where the device has too little, and std::bad_alloc.
    CudaSequence(int device, const SequenceShape& shape);
    ~CudaSequence() override;

    // The plan holds the whole context from the beginning, so there is always room.
    Result<void> reserve(std::int64_t count) override;
    std::int64_t kvBytes() const override { return static_cast<std::int64_t>(m_bytes.kvCache); }
    std::int64_t scratchBytes() const override {
        return static_cast<std::int64_t>(m_bytes.scratch);
    }

    // Adds its bytes to `total` for as long as it lives.
    void countIn(const std::shared_ptr<std::atomic<std::int64_t>>& total);

    int device() const { return m_device; }
    const SequenceBuffers& buffers() const { return m_buffers; }
    kernels::cuda::Stream& stream() { return m_stream; }
    kernels::cuda::PrefillMatmul& prefill() { return m_prefill; }
    // Where `pass` begins, as kernels take it: every stage asks for it here, as a pass that is
    // recorded to be replayed stands where device memory says.
    kernels::cuda::Position position(const Pass& pass) const { return pass.firstPosition; }
    // The first `tokens` rows.
    kernels::Matrix<float> activation(Activation which, std::int64_t tokens) const;
    // Host memory to gather rows of the embedding in, [tokens, H].
    kernels::Matrix<float> embedded(std::int64_t tokens);

private:
    void uploadRopeTable(const ModelConfig& config);

    int m_device;
    std::int64_t m_contextSize;
    SequenceBytes m_bytes;
    kernels::cuda::Stream m_stream;
    kernels::cuda::DeviceArena m_arena;
    SequenceBuffers m_buffers;
    kernels::cuda::PrefillMatmul m_prefill;
    std::vector<float> m_embedded;
    std::shared_ptr<std::atomic<std::int64_t>> m_total;  // null where nobody counts
};

}  // namespace apertura::cuda
