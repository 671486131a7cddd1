#include "tests/support/synthetic_layers.h"

#include <cmath>
#include <cstring>
#include <deque>

#include "kernels/check.h"

namespace apertura::test {

namespace {

using kernels::CodeBits;
using kernels::DenseMatrix;
using kernels::NumberType;
using kernels::QuantizedMatrix;

constexpr std::int64_t kAdapterRank = 128;

struct Recipe {
    CodeBits bits = CodeBits::four;
    std::int64_t groupSize = 128;
    bool hasZerosAndInputScale = false;
    bool hasAdapter = false;
};

Recipe recipeOf(SyntheticFormat format) {
    switch (format) {
        case SyntheticFormat::int4:
            return {};
        case SyntheticFormat::int8:
            return {CodeBits::eight};
        case SyntheticFormat::sinq:
            return {CodeBits::four, 64, true};
        case SyntheticFormat::int4Adapters:
            break;
    }
    return {CodeBits::four, 128, false, true};
}

// Owns what the views point to; elements of a deque stay in place.
class Maker {
public:
    QuantizedMatrix quantized(std::int64_t outputs, std::int64_t inputs, const Recipe& recipe) {
        CHECK(inputs % recipe.groupSize == 0);
        QuantizedMatrix matrix;
        matrix.outputs = outputs;
        matrix.inputs = inputs;
        matrix.groupSize = recipe.groupSize;
        matrix.bits = recipe.bits;
        const int levels = recipe.bits == CodeBits::four ? 16 : 256;
        matrix.symmetricZero = static_cast<std::uint8_t>(levels / 2);
        matrix.codes = std::as_bytes(
            std::span(drawnBytes(kernels::codeBytes(recipe.bits, outputs, inputs), 0xFF, 0)));
        const std::int64_t count = kernels::scaleCount(outputs, matrix.groups());
        const float deviation =
            3.0F / (static_cast<float>(levels) * std::sqrt(static_cast<float>(inputs)));
        matrix.scales = halvesAround(count, deviation);
        if (recipe.hasZerosAndInputScale) {
            matrix.integerZeros = drawnBytes(count, 0x03, 6);  // 6 to 9
            matrix.inputScale = halvesAround(inputs, 1.0F);
        }
        return matrix;
    }

    // Numbers of both signs about as large as `size`.
    DenseMatrix dense(std::int64_t rows, std::int64_t columns, float size) {
        std::uint16_t table[kTableSize];
        for (int i = 0; i < kTableSize; ++i) {
            const float sign = i % 2 == 0 ? size : -size;
            table[i] = kernels::floatToBf16(sign * (1.0F + static_cast<float>(i) / kTableSize));
        }
        const auto& numbers = drawnHalves(rows * columns, table);
        return {NumberType::bf16, rows, columns,
                reinterpret_cast<const std::byte*>(numbers.data())};
    }

    kernels::Linear linear(std::int64_t outputs, std::int64_t inputs, const Recipe& recipe) {
        kernels::Linear made = {inputs, outputs, {{0, quantized(outputs, inputs, recipe)}}, {}};
        if (recipe.hasAdapter) {
            const float size = 1.0F / std::sqrt(static_cast<float>(inputs));
            made.adapter = kernels::LowRankAdapter{dense(kAdapterRank, inputs, size),
                                                   dense(outputs, kAdapterRank, 0.01F)};
        }
        return made;
    }

private:
    static constexpr int kTableSize = 16;

    std::uint64_t draw() {  // xorshift64
        m_state ^= m_state << 13;
        m_state ^= m_state >> 7;
        m_state ^= m_state << 17;
        return m_state;
    }

    // Drawn bits under `mask`, plus `base`.
    const std::vector<std::uint8_t>& drawnBytes(std::int64_t count, std::uint8_t mask,
                                                std::uint8_t base) {
        auto& bytes = m_bytes.emplace_back(static_cast<std::size_t>((count + 7) / 8 * 8));
        const std::uint64_t masks = mask * std::uint64_t{0x0101010101010101};
        const std::uint64_t bases = base * std::uint64_t{0x0101010101010101};
        for (std::size_t i = 0; i < bytes.size(); i += 8) {
            const std::uint64_t eight = (draw() & masks) + bases;
            std::memcpy(bytes.data() + i, &eight, sizeof(eight));
        }
        bytes.resize(static_cast<std::size_t>(count));
        return bytes;
    }

    const std::vector<std::uint16_t>& drawnHalves(std::int64_t count,
                                                  const std::uint16_t (&table)[kTableSize]) {
        auto& halves = m_halves.emplace_back(static_cast<std::size_t>(count));
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < halves.size(); ++i) {
            bits = i % kTableSize == 0 ? draw() : bits >> 4;
            halves[i] = table[bits % kTableSize];
        }
        return halves;
    }

    std::span<const std::uint16_t> halvesAround(std::int64_t count, float centre) {
        std::uint16_t table[kTableSize];
        for (int i = 0; i < kTableSize; ++i) {
            table[i] =
                kernels::floatToHalf(centre * (0.75F + 0.5F * static_cast<float>(i) / kTableSize));
        }
        return drawnHalves(count, table);
    }

    std::uint64_t m_state = 0x9E3779B97F4A7C15;
    std::deque<std::vector<std::uint16_t>> m_halves;
    std::deque<std::vector<std::uint8_t>> m_bytes;
};

ModelConfig configOf(const SyntheticShape& shape) {
    ModelConfig config;
    config.modelType = "apertus";
    config.hiddenSize = shape.hidden;
    config.intermediateSize = shape.feedforward;
    config.numHiddenLayers = shape.layers;
    config.numAttentionHeads = shape.queryHeads;
    config.numKeyValueHeads = shape.kvHeads;
    config.headDim = shape.headDim;
    config.vocabSize = shape.vocabulary;
    config.outputVocabSize = shape.vocabulary;
    config.maxPositionEmbeddings = 65536;
    return config;
}

std::vector<float> ones(std::int64_t count) {
    return std::vector<float>(static_cast<std::size_t>(count), 1.0F);
}

LayerWeights makeLayer(const SyntheticShape& shape, const Recipe& recipe, Maker& maker) {
    LayerWeights layer;
    layer.attentionNorm = ones(shape.hidden);
    layer.feedforwardNorm = ones(shape.hidden);
    layer.queryNorm = ones(shape.headDim);
    layer.keyNorm = ones(shape.headDim);
    const std::int64_t query = shape.queryHeads * shape.headDim;
    const std::int64_t keyValue = shape.kvHeads * shape.headDim;
    layer.query = maker.linear(query, shape.hidden, recipe);
    layer.key = maker.linear(keyValue, shape.hidden, recipe);
    layer.value = maker.linear(keyValue, shape.hidden, recipe);
    layer.output = maker.linear(shape.hidden, query, recipe);
    layer.up = maker.linear(shape.feedforward, shape.hidden, recipe);
    layer.down = maker.linear(shape.hidden, shape.feedforward, recipe);
    return layer;
}

}  // namespace

const std::vector<SyntheticFormat>& allSyntheticFormats() {
    static const std::vector<SyntheticFormat> formats = {
        SyntheticFormat::int4, SyntheticFormat::int8, SyntheticFormat::sinq,
        SyntheticFormat::int4Adapters};
    return formats;
}

std::string syntheticFormatName(SyntheticFormat format) {
    switch (format) {
        case SyntheticFormat::int4:
            return "int4";
        case SyntheticFormat::int8:
            return "int8";
        case SyntheticFormat::sinq:
            return "sinq";
        case SyntheticFormat::int4Adapters:
            break;
    }
    return "int4-eora";
}

std::shared_ptr<const ModelWeights> makeSyntheticLayers(const SyntheticShape& shape,
                                                        SyntheticFormat format) {
    const Recipe recipe = recipeOf(format);
    auto maker = std::make_shared<Maker>();
    auto weights = std::make_shared<ModelWeights>();
    weights->config = configOf(shape);
    const float size = 1.0F / std::sqrt(static_cast<float>(shape.hidden));
    weights->embedding = maker->dense(shape.vocabulary, shape.hidden, size);
    for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
        weights->layers.push_back(makeLayer(shape, recipe, *maker));
    }
    weights->finalNorm = ones(shape.hidden);
    weights->head = {shape.hidden, shape.vocabulary, {{0, weights->embedding}}, {}};
    weights->storage = std::move(maker);
    return weights;
}

}  // namespace apertura::test
