#include "tests/gpu/stated_traffic.h"

#include "kernels/cuda/activations.h"
#include "kernels/cuda/attention_decode.h"

namespace apertura::test {

namespace {

using kernels::LowRankAdapter;
using kernels::QuantizedMatrix;

constexpr std::int64_t kFloat = sizeof(float);

// Of a product with one token: the warps of each pair of row blocks (8 bits: of each block) go over
// the inputs once. A lane takes 16 bytes of a plane at a time and its team's other lanes the 16
// beside them, so that each is loaded twice; a sum belongs to 32 inputs, a scale to 128.
std::int64_t productLoads(const QuantizedMatrix& matrix) {
    const std::int64_t blocks = kernels::blockCount(matrix.outputs);
    const std::int64_t readers = matrix.bits == kernels::CodeBits::four ? (blocks + 1) / 2 : blocks;
    const std::int64_t planes = 2 * 2 * matrix.inputs;
    const std::int64_t numbers =
        matrix.inputs / kernels::cuda::kRunInputs + kernels::cuda::activationGroups(matrix.inputs);
    return readers * (planes + numbers * kFloat);
}

class Statement {
public:
    Statement(const ModelConfig& config, std::int64_t positions)
        : m_config(config), m_positions(positions) {}

    void norm(std::int64_t rows, std::int64_t width) {
        // Each row twice; the weight again for all rows but the first.
        add("rmsNormKernel", rows * width * 2 * kFloat + (rows - 1) * width * kFloat);
    }
    void linear(const kernels::Linear& weight) {
        for (const kernels::LinearBlock& block : weight.blocks) {
            const auto& matrix = std::get<QuantizedMatrix>(block.matrix);
            add("quantizeActivationsKernel", matrix.inputs * kFloat);
            add("quantizedMatmulKernel", productLoads(matrix));
        }
        if (weight.adapter) {
            // A warp reads the input for each row; B's is added to what is there.
            const std::int64_t rank = weight.adapter->rank();
            add("denseMatmulKernel", rank * weight.inputs * kFloat);
            add("denseMatmulKernel", weight.outputs * (rank + 1) * kFloat);
        }
    }
    void rope(std::int64_t heads) {
        // The numbers, and for each head the cosines and sines.
        add("elementKernel", heads * m_config.headDim * 2 * kFloat);
    }
    void attention() {
        const std::int64_t d = m_config.headDim;
        const std::int64_t q = m_config.numAttentionHeads;
        const std::int64_t splits =
            (m_positions + kernels::cuda::kSplitPositions - 1) / kernels::cuda::kSplitPositions;
        add("appendKvKernel", 2 * m_config.numKeyValueHeads * d * kFloat);
        add("attendSplitKernel", splits * q * d * kFloat);
        // A block of 32 dims of a head reads all its maxima twice in each of 8 warps, and the sums.
        const std::int64_t blocks = q * (d / 32);
        add("combineSplitsKernel", splits * q * d * kFloat + blocks * 8 * 3 * splits * kFloat);
    }
    void elements(std::int64_t reads) { add("elementKernel", reads * kFloat); }

    std::map<std::string, StatedLoads> loads;

private:
    void add(const std::string& kernel, std::int64_t bytes) {
        loads[kernel].launches += 1;
        loads[kernel].activationBytes += bytes;
    }

    const ModelConfig& m_config;
    std::int64_t m_positions;
};

}  // namespace

std::map<std::string, StatedLoads> statedLoads(const ModelConfig& config, const LayerWeights& layer,
                                               std::int64_t positions) {
    Statement step(config, positions);
    step.norm(1, config.hiddenSize);
    step.linear(layer.query);
    step.linear(layer.key);
    step.linear(layer.value);
    step.norm(config.numAttentionHeads, config.headDim);
    step.norm(config.numKeyValueHeads, config.headDim);
    step.rope(config.numAttentionHeads);
    step.rope(config.numKeyValueHeads);
    step.attention();
    step.linear(layer.output);
    step.elements(2 * config.hiddenSize);
    step.norm(1, config.hiddenSize);
    step.linear(layer.up);
    step.elements(config.intermediateSize);
    step.linear(layer.down);
    step.elements(2 * config.hiddenSize);
    return step.loads;
}

}  // namespace apertura::test
