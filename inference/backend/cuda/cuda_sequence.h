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
#include "inference/backend/cuda/step_replay.h"
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
    std::string decodePath() const override { return m_replay.description(); }

    // Adds its bytes to `total` for as long as it lives.
    void countIn(const std::shared_ptr<std::atomic<std::int64_t>>& total);

    int device() const { return m_device; }
    const SequenceBuffers& buffers() const { return m_buffers; }
    kernels::cuda::Stream& stream() { return m_stream; }
    // Waits until all work given so far is done: the only place where the host does.
    void wait();
    kernels::cuda::PrefillMatmul& prefill() { return m_prefill; }
    // Where `pass` begins, as kernels take it: every stage asks for it here, as a pass that is
    // recorded to be replayed stands where device memory says.
    kernels::cuda::Position position(const Pass& pass) const {
        return m_isPositionMovable ? kernels::cuda::Position(m_buffers.position)
                                   : kernels::cuda::Position(pass.firstPosition);
    }
    // While this lives, position() is the one in device memory.
    class MovablePosition {
    public:
        explicit MovablePosition(CudaSequence& sequence) : m_sequence(sequence) {
            m_sequence.m_isPositionMovable = true;
        }
        ~MovablePosition() { m_sequence.m_isPositionMovable = false; }
        MovablePosition(const MovablePosition&) = delete;
        MovablePosition& operator=(const MovablePosition&) = delete;

    private:
        CudaSequence& m_sequence;
    };
    // The position as the host has it, and its copy to device memory, which reads it when it runs.
    // Requires: between two waits it is set once.
    void setPosition(std::int64_t position);
    void sendPosition();
    StepReplay& replay() { return m_replay; }
    std::int64_t contextSize() const { return m_contextSize; }
    // The first `tokens` rows.
    kernels::Matrix<float> activation(Activation which, std::int64_t tokens) const;
    // Host memory to gather rows of the embedding in, [tokens, H]; then their copy to `hidden`.
    kernels::Matrix<float> embedded(std::int64_t tokens);
    void sendEmbedded(std::int64_t tokens);
    // Waits for the first row of `hidden`.
    std::vector<float> hiddenRow();
    // Waits for the first `count` tokens of buffers().best and all before them.
    const kernels::cuda::TopK& fetchBest(std::int64_t count);

private:
    struct HostStep;  // what passes between host and device for one token

    void uploadRopeTable(const ModelConfig& config);
    float* hostRow() const;
    HostStep& hostStep() const;

    int m_device;
    std::int64_t m_contextSize;
    SequenceBytes m_bytes;
    kernels::cuda::Stream m_stream;
    kernels::cuda::DeviceArena m_arena;
    SequenceBuffers m_buffers;
    kernels::cuda::PrefillMatmul m_prefill;
    std::vector<float> m_embedded;     // [maxTokens, H]
    kernels::cuda::HostBuffer m_host;  // a HostStep and a row of the embedding
    bool m_isHostInUse = false;        // a copy from it may still be under way
    bool m_isPositionMovable = false;
    StepReplay m_replay;
    std::shared_ptr<std::atomic<std::int64_t>> m_total;  // null where nobody counts
};

}  // namespace apertura::cuda
