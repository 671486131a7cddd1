#include "inference/backend/cuda/cuda_sequence.h"

#include <cuda_runtime_api.h>
#include <new>

#include "inference/model/rope_table.h"

namespace apertura::cuda {

namespace ops = kernels::cuda;
using kernels::Matrix;

struct CudaSequence::HostStep {
    ops::TopK best;
    std::int32_t position = 0;
};

CudaSequence::CudaSequence(int device, const SequenceShape& shape)
    : m_device(device),
      m_contextSize(shape.options.contextSize),
      m_bytes(sequenceBytes(shape)),
      m_arena(m_bytes.total()),
      m_buffers(layOutSequence(shape, m_arena)),
      m_prefill(ops::prefillNumberType(), m_buffers.prefillScratch.data(),
                m_buffers.prefillScratch.size()),
      m_embedded(static_cast<std::size_t>(shape.maxTokens * shape.config->hiddenSize)),
      m_host(sizeof(HostStep) +
             static_cast<std::size_t>(shape.config->hiddenSize) * sizeof(float)) {
    new (m_host.data()) HostStep;
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
    const std::int64_t width = activation(Activation::hidden, tokens).columns;
    if (tokens == 1) {
        if (m_isHostInUse) {
            wait();
        }
        return {hostRow(), 1, width};
    }
    CHECK(tokens * width <= static_cast<std::int64_t>(m_embedded.size()));
    return {m_embedded.data(), tokens, width};
}

void CudaSequence::sendEmbedded(std::int64_t tokens) {
    const Matrix<float> hidden = activation(Activation::hidden, tokens);
    // From pageable memory the copy has left it when the call returns, so the next pass may gather
    // there.
    m_isHostInUse = tokens == 1;
    ops::check(
        cudaMemcpyAsync(hidden.data, m_isHostInUse ? hostRow() : m_embedded.data(),
                        static_cast<std::size_t>(hidden.rows * hidden.columns) * sizeof(float),
                        cudaMemcpyHostToDevice, m_stream.handle()),
        "cudaMemcpyAsync");
}

std::vector<float> CudaSequence::hiddenRow() {
    const Matrix<float> hidden = activation(Activation::hidden, 1);
    std::vector<float> row(static_cast<std::size_t>(hidden.columns));
    ops::check(cudaMemcpyAsync(row.data(), hidden.data, row.size() * sizeof(float),
                               cudaMemcpyDeviceToHost, m_stream.handle()),
               "cudaMemcpyAsync");
    wait();
    return row;
}

void CudaSequence::setPosition(std::int64_t position) {
    hostStep().position = static_cast<std::int32_t>(position);
}

void CudaSequence::sendPosition() {
    ops::check(cudaMemcpyAsync(m_buffers.position, &hostStep().position, sizeof(std::int32_t),
                               cudaMemcpyHostToDevice, m_stream.handle()),
               "cudaMemcpyAsync");
}

const ops::TopK& CudaSequence::fetchBest(std::int64_t count) {
    ops::check(cudaMemcpyAsync(&hostStep().best, m_buffers.best, ops::topKBytes(count),
                               cudaMemcpyDeviceToHost, m_stream.handle()),
               "cudaMemcpyAsync");
    wait();
    return hostStep().best;
}

void CudaSequence::wait() {
    m_stream.synchronize();
    m_isHostInUse = false;
}

CudaSequence::HostStep& CudaSequence::hostStep() const {
    return *reinterpret_cast<HostStep*>(m_host.data());
}

float* CudaSequence::hostRow() const {
    return reinterpret_cast<float*>(m_host.data() + sizeof(HostStep));
}

}  // namespace apertura::cuda
