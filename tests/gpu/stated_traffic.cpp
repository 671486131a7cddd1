#include "tests/gpu/stated_traffic.h"

#include "kernels/cuda/activations.h"
#include "kernels/cuda/attention_decode.h"

namespace apertura::test {

namespace {

using kernels::Linear;
using kernels::QuantizedMatrix;

constexpr std::int64_t kFloat = sizeof(float);
constexpr std::int64_t kHalf = 2;
// Rows of an adapter's A that a block takes.
constexpr std::int64_t kAdapterRows = 4;
// Rows of an adapter's B that a warp takes: where it finishes something else, and by itself.
constexpr std::int64_t kFinishRows = 4;
constexpr std::int64_t kDenseRows = 8;

const QuantizedMatrix& matrixOf(const Linear& linear) {
    return std::get<QuantizedMatrix>(linear.blocks.front().matrix);
}

std::int64_t rankOf(const Linear& linear) {
    return linear.adapter ? linear.adapter->rank() : 0;
}

std::int64_t adapterBlocks(const Linear& linear) {
    return (rankOf(linear) + kAdapterRows - 1) / kAdapterRows;
}

// Planes in device memory, multiplied with one token: the warps of each pair of row blocks (8 bits:
// of each block) go over the inputs once. A lane takes 16 bytes of a plane at a time and its team's
// other lanes the 16 beside them, so that each is loaded twice; a sum belongs to 32 inputs, a scale
// to 128.
std::int64_t planeLoads(const QuantizedMatrix& matrix) {
    const std::int64_t blocks = kernels::blockCount(matrix.outputs);
    const std::int64_t readers = matrix.bits == kernels::CodeBits::four ? (blocks + 1) / 2 : blocks;
    const std::int64_t planes = 2 * 2 * matrix.inputs;
    const std::int64_t numbers =
        matrix.inputs / kernels::cuda::kRunInputs + kernels::cuda::activationGroups(matrix.inputs);
    return readers * (planes + numbers * kFloat);
}

// Of B low, `rows` at a time, and of the sums that it is added to.
std::int64_t lowRankLoads(const Linear& linear, std::int64_t rows) {
    return (linear.outputs / rows * rankOf(linear) + linear.outputs) * kFloat;
}

class Statement {
public:
    Statement(const ModelConfig& config, const LayerWeights& layer, std::int64_t positions)
        : m_config(config), m_layer(layer), m_positions(positions) {}

    void projectHeads() {
        std::int64_t bytes = -normBytes();
        std::int64_t lowRank = 0;
        for (const Linear* linear : {&m_layer.query, &m_layer.key, &m_layer.value}) {
            bytes += normedInputs(*linear, linear->outputs / m_config.headDim);
            lowRank += rankOf(*linear) > 0 ? lowRankLoads(*linear, kFinishRows) : 0;
        }
        // Norm, cosines and sines of each head of query and key, by the launch that finishes it.
        const std::int64_t heads = m_config.numAttentionHeads + m_config.numKeyValueHeads;
        const std::int64_t finish = (2 * heads - 2) * m_config.headDim * kFloat;
        add("projectHeadsKernel", lowRank > 0 ? bytes : bytes + finish);
        if (lowRank > 0) {
            add("finishHeadsKernel", lowRank + finish);
        }
    }
    void attend() {
        const std::int64_t splits =
            (m_positions + kernels::cuda::kSplitPositions - 1) / kernels::cuda::kSplitPositions;
        const std::int64_t numbers = splits * m_config.numAttentionHeads * m_config.headDim;
        add("attendSplitKernel", numbers * kFloat);
        // Each of 8 warps of a head reads all maxima twice, and the sums.
        add("combineQuantizedKernel",
            numbers * kFloat + m_config.numAttentionHeads * 8 * 3 * splits * kFloat);
    }
    void addProduct(const Linear& linear) {
        add("quantizedMatmulKernel", planeLoads(matrixOf(linear)) + linear.outputs * kFloat +
                                         adapterBlocks(linear) * linear.inputs * kFloat);
        if (linear.adapter) {
            add("denseMatmulKernel", lowRankLoads(linear, kDenseRows));
        }
    }
    void feedforwardUp() {
        const Linear& up = m_layer.up;
        constexpr std::int64_t kOutputs = kernels::cuda::kActivationGroup;
        add("feedforwardUpKernel",
            normedInputs(up, (up.outputs + kOutputs - 1) / kOutputs) - normBytes());
        if (up.adapter) {
            add("finishFeedforwardUpKernel", lowRankLoads(up, kFinishRows));
        }
    }

    std::map<std::string, StatedLoads> loads;

private:
    // The residual stream, read by `readers` blocks that norm it, scale it and split it in planes,
    // and by those of the adapter, which norm it; norm and input scale again for each, less the
    // input scale once.
    std::int64_t normedInputs(const Linear& linear, std::int64_t readers) const {
        const std::int64_t normed = 2 * kFloat * m_config.hiddenSize + normBytes();
        const auto scale = static_cast<std::int64_t>(matrixOf(linear).inputScale.size()) * kHalf;
        return (readers + adapterBlocks(linear)) * normed + (readers - 1) * scale;
    }
    std::int64_t normBytes() const { return m_config.hiddenSize * kFloat; }
    void add(const std::string& kernel, std::int64_t bytes) {
        loads[kernel].launches += 1;
        loads[kernel].activationBytes += bytes;
    }

    const ModelConfig& m_config;
    const LayerWeights& m_layer;
    std::int64_t m_positions;
};

}  // namespace

std::map<std::string, StatedLoads> statedLoads(const ModelConfig& config, const LayerWeights& layer,
                                               std::int64_t positions) {
    Statement step(config, layer, positions);
    step.projectHeads();
    step.attend();
    step.addProduct(layer.output);
    step.feedforwardUp();
    step.addProduct(layer.down);
    return step.loads;
}

}  // namespace apertura::test
