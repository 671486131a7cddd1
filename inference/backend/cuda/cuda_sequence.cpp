#include "inference/backend/cuda/cuda_sequence.h"

#include <cuda_runtime_api.h>

#include "inference/model/rope_table.h"

namespace apertura::cuda {

namespace ops = kernels::cuda;
using kernels::Matrix;

CudaSequence::CudaSequence(int device, const SequenceShape& shape)
    : m_device(device),
      m_contextSize(shape.options.contextSize),
      m_bytes(sequenceBytes(shape)),
      m_arena(m_bytes.total()),
      m_buffers(layOutSequence(shape, m_arena)),
      m_prefill(ops::prefillNumberType(), m_buffers.prefillScratch.data(),
                m_buffers.prefillScratch.size()),
      m_embedded(static_cast<std::size_t>(shape.maxTokens * shape.config->hiddenSize)) {
    uploadRopeTable(*shape.config);
}

CudaSequence::~CudaSequence() {
    // The members free themselves on the current device; a failure here has nobody to hear it.
    cudaSetDevice(m_device);
    if (m_total) {
        *m_total -= static_cast<std::int64_t>(m_arena.size());
    }
}

void CudaSequence::countIn(const std::shared_ptr<std::atomic<std::int64_t>>& total) {
    m_total = total;
    *m_total += static_cast<std::int64_t>(m_arena.size());
}

void CudaSequence::uploadRopeTable(const ModelConfig& config) {
    RopeTable table(ropeInverseFrequencies(config.rope, config.headDim));
    table.extend(m_contextSize);
    const auto copy = [this](Matrix<const float> from, const Matrix<float>& to) {
        ops::check(cudaMemcpyAsync(to.data, from.data,
                                   static_cast<std::size_t>(to.rows * to.columns) * sizeof(float),
                                   cudaMemcpyHostToDevice, m_stream.handle()),
                   "cudaMemcpyAsync");
    };
    copy(table.cosines(0, m_contextSize), m_buffers.cosines);
    copy(table.sines(0, m_contextSize), m_buffers.sines);
    m_stream.synchronize();
}

Result<void> CudaSequence::reserve(std::int64_t count) {
    CHECK(count <= m_contextSize);
    return {};
}

Matrix<float> CudaSequence::activation(Activation which, std::int64_t tokens) const {
    return m_buffers.activations[static_cast<std::size_t>(which)].rowRange(0, tokens);
}

Matrix<float> CudaSequence::embedded(std::int64_t tokens) {
    const std::int64_t width =
        m_buffers.activations[static_cast<std::size_t>(Activation::hidden)].columns;
    CHECK(tokens * width <= static_cast<std::int64_t>(m_embedded.size()));
    return {m_embedded.data(), tokens, width};
}

}  // namespace apertura::cuda
