#include "inference/backend/cuda/synthetic_model.h"

#include <cmath>
#include <deque>
#include <vector>

namespace apertura::cuda {

namespace {

using kernels::CodeBits;
using kernels::DenseMatrix;
using kernels::NumberType;
using kernels::QuantizedMatrix;

constexpr std::int64_t kHidden = 1024;
constexpr std::int64_t kHeadDim = 64;
constexpr std::int64_t kQueryHeads = 16;
constexpr std::int64_t kKvHeads = 4;
constexpr std::int64_t kFeedforward = 2048;
constexpr std::int64_t kVocabulary = 512;
constexpr std::int64_t kGroup = 128;
constexpr std::int64_t kRank = 32;

enum class Zeros { common, integer, real };

// Owns what the model's views point to, and draws its numbers. A deque's elements stay in place.
class Maker {
public:
    // Uniform in [-0.5, 0.5), by the generator of Numerical Recipes.
    float uniform() {
        m_state = m_state * 1664525U + 1013904223U;
        return static_cast<float>(m_state >> 8) * 0x1p-24F - 0.5F;
    }
    std::uint16_t halfAround(float centre) {
        return kernels::floatToHalf(centre * (1.0F + 0.5F * uniform()));
    }

    std::vector<float> norm(std::int64_t size) {
        std::vector<float> values(static_cast<std::size_t>(size));
        for (float& value : values) {
            value = 1.0F + uniform();
        }
        return values;
    }

    DenseMatrix dense(std::int64_t rows, std::int64_t columns, float deviation) {
        auto& numbers = m_halves.emplace_back(static_cast<std::size_t>(rows * columns));
        for (std::uint16_t& number : numbers) {
            number = kernels::floatToBf16(deviation * std::sqrt(12.0F) * uniform());
        }
        return {NumberType::bf16, rows, columns,
                reinterpret_cast<const std::byte*>(numbers.data())};
    }

    QuantizedMatrix quantized(std::int64_t outputs, std::int64_t inputs, CodeBits bits,
                              Zeros zeros) {
        const int levels = bits == CodeBits::four ? 16 : 256;
        QuantizedMatrix matrix;
        matrix.outputs = outputs;
        matrix.inputs = inputs;
        matrix.groupSize = kGroup;
        matrix.bits = bits;
        matrix.symmetricZero = static_cast<std::uint8_t>(levels / 2);
        auto& codes = m_bytes.emplace_back(
            static_cast<std::size_t>(kernels::codeBytes(bits, outputs, inputs)));
        for (std::uint8_t& code : codes) {
            code = static_cast<std::uint8_t>(static_cast<int>(256.0F * (uniform() + 0.5F)));
        }
        matrix.codes = std::as_bytes(std::span(codes));
        const auto count = static_cast<std::size_t>(kernels::scaleCount(outputs, inputs / kGroup));
        const float typical =
            3.0F / (static_cast<float>(levels) * std::sqrt(static_cast<float>(inputs)));
        matrix.scales = halves(count, typical);
        switch (zeros) {
            case Zeros::common:
                break;
            case Zeros::integer: {
                auto& values = m_bytes.emplace_back(count);
                for (std::uint8_t& value : values) {
                    value = static_cast<std::uint8_t>(levels / 2 + static_cast<int>(6 * uniform()));
                }
                matrix.integerZeros = values;
                break;
            }
            case Zeros::real:
                matrix.realZeros = halves(count, static_cast<float>(levels / 2));
                break;
        }
        return matrix;
    }

    std::span<const std::uint16_t> halves(std::size_t count, float centre) {
        auto& values = m_halves.emplace_back(count);
        for (std::uint16_t& value : values) {
            value = halfAround(centre);
        }
        return values;
    }

private:
    std::uint32_t m_state = 1;
    std::deque<std::vector<std::uint16_t>> m_halves;
    std::deque<std::vector<std::uint8_t>> m_bytes;
};

kernels::Linear linearOf(const QuantizedMatrix& matrix) {
    return {matrix.inputs, matrix.outputs, {{0, matrix}}, {}};
}

ModelConfig syntheticConfig() {
    ModelConfig config;
    config.modelType = "apertus";
    config.hiddenSize = kHidden;
    config.intermediateSize = kFeedforward;
    config.numHiddenLayers = 1;
    config.numAttentionHeads = kQueryHeads;
    config.numKeyValueHeads = kKvHeads;
    config.headDim = kHeadDim;
    config.vocabSize = kVocabulary;
    config.outputVocabSize = kVocabulary;
    config.maxPositionEmbeddings = 4096;
    return config;
}

LayerWeights syntheticLayer(Maker& maker) {
    LayerWeights layer;
    layer.attentionNorm = maker.norm(kHidden);
    layer.feedforwardNorm = maker.norm(kHidden);
    layer.queryNorm = maker.norm(kHeadDim);
    layer.keyNorm = maker.norm(kHeadDim);
    const std::int64_t query = kQueryHeads * kHeadDim;
    const std::int64_t keyValue = kKvHeads * kHeadDim;
    layer.query = linearOf(maker.quantized(query, kHidden, CodeBits::four, Zeros::common));
    layer.key = linearOf(maker.quantized(keyValue, kHidden, CodeBits::eight, Zeros::common));
    layer.value = linearOf(maker.quantized(keyValue, kHidden, CodeBits::four, Zeros::real));
    QuantizedMatrix output = maker.quantized(kHidden, query, CodeBits::four, Zeros::integer);
    output.inputScale = maker.halves(static_cast<std::size_t>(query), 1.0F);
    layer.output = linearOf(output);
    layer.up = linearOf(maker.quantized(kFeedforward, kHidden, CodeBits::four, Zeros::common));
    layer.up.adapter = kernels::LowRankAdapter{
        maker.dense(kRank, kHidden, 1.0F / std::sqrt(static_cast<float>(kHidden))),
        maker.dense(kFeedforward, kRank, 0.1F)};
    layer.down = linearOf(maker.quantized(kHidden, kFeedforward, CodeBits::eight, Zeros::real));
    return layer;
}

}  // namespace

std::shared_ptr<const ModelWeights> makeSyntheticModel() {
    auto maker = std::make_shared<Maker>();
    auto weights = std::make_shared<ModelWeights>();
    weights->config = syntheticConfig();
    weights->embedding = maker->dense(kVocabulary, kHidden, 1.0F);
    weights->layers.push_back(syntheticLayer(*maker));
    weights->finalNorm = maker->norm(kHidden);
    weights->head = {
        kHidden,
        kVocabulary,
        {{0, maker->dense(kVocabulary, kHidden, 1.0F / std::sqrt(static_cast<float>(kHidden)))}},
        {}};
    weights->storage = std::move(maker);
    return weights;
}

}  // namespace apertura::cuda
