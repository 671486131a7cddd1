#include "tests/support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace apertura::test {

namespace {

constexpr std::int64_t kHidden = 64;
constexpr std::int64_t kQueryHeads = 4;
constexpr std::int64_t kKvHeads = 2;
constexpr std::int64_t kHeadDim = 16;
constexpr std::int64_t kFeedforward = 96;
constexpr std::int64_t kVocabulary = 160;

using Vector = std::vector<double>;

// W x with W [outputs, x.size()].
Vector times(const Vector& weights, const Vector& x) {
    Vector y(weights.size() / x.size(), 0.0);
    for (std::size_t o = 0; o < y.size(); ++o) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            y[o] += weights[o * x.size() + i] * x[i];
        }
    }
    return y;
}

void addTo(Vector& sum, const Vector& x) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        sum[i] += x[i];
    }
}

// Norms each run of weight.size() numbers of x.
Vector normed(const Vector& x, const std::vector<float>& weight) {
    Vector y(x.size());
    for (std::size_t first = 0; first < x.size(); first += weight.size()) {
        double squares = 0.0;
        for (std::size_t i = 0; i < weight.size(); ++i) {
            squares += x[first + i] * x[first + i];
        }
        const double root = std::sqrt(squares / static_cast<double>(weight.size()) + 1e-5);
        for (std::size_t i = 0; i < weight.size(); ++i) {
            y[first + i] = weight[i] * x[first + i] / root;
        }
    }
    return y;
}

double inverseFrequency(const RopeConfig& rope, std::size_t i) {
    const double plain = std::pow(rope.theta, -2.0 * static_cast<double>(i) / kHeadDim);
    const double wavelength = 2 * std::numbers::pi / plain;
    const auto length = static_cast<double>(rope.originalMaxPositionEmbeddings);
    const double low = length / rope.lowFreqFactor;
    const double high = length / rope.highFreqFactor;
    if (wavelength < high) {
        return plain;
    }
    const double blend = wavelength > low ? 0.0
                                          : (length / wavelength - rope.lowFreqFactor) /
                                                (rope.highFreqFactor - rope.lowFreqFactor);
    return plain * (blend + (1 - blend) / rope.factor);
}

void turn(Vector& x, std::size_t position, const RopeConfig& rope) {
    for (std::size_t head = 0; head < x.size(); head += kHeadDim) {
        for (std::size_t i = 0; i < kHeadDim / 2; ++i) {
            const double angle = static_cast<double>(position) * inverseFrequency(rope, i);
            const double a = x[head + i];
            const double b = x[head + i + kHeadDim / 2];
            x[head + i] = a * std::cos(angle) - b * std::sin(angle);
            x[head + i + kHeadDim / 2] = b * std::cos(angle) + a * std::sin(angle);
        }
    }
}

Vector attended(const Vector& query, const std::vector<Vector>& keys,
                const std::vector<Vector>& values) {
    Vector result(query.size(), 0.0);
    for (std::size_t head = 0; head < kQueryHeads; ++head) {
        const std::size_t kv = head / (kQueryHeads / kKvHeads) * kHeadDim;
        Vector weights;
        double sum = 0.0;
        for (const Vector& key : keys) {
            double score = 0.0;
            for (std::size_t i = 0; i < kHeadDim; ++i) {
                score += query[head * kHeadDim + i] * key[kv + i];
            }
            weights.push_back(std::exp(score / std::sqrt(static_cast<double>(kHeadDim))));
            sum += weights.back();
        }
        for (std::size_t s = 0; s < values.size(); ++s) {
            for (std::size_t i = 0; i < kHeadDim; ++i) {
                result[head * kHeadDim + i] += weights[s] / sum * values[s][kv + i];
            }
        }
    }
    return result;
}

double xielu(const kernels::Xielu& p, double x) {
    return x > 0
               ? p.alphaP * x * x + p.beta * x
               : p.alphaN * (std::expm1(std::min(x, static_cast<double>(p.eps))) - x) + p.beta * x;
}

// Owns everything that the weights' matrices point to.
struct Builder {
    LinearForm form;
    std::mt19937 random;
    ModelWeights weights;
    TinyModel model;
    std::vector<std::shared_ptr<const void>> parts;

    kernels::Linear linear(LinearForm as, std::int64_t outputs, std::int64_t inputs,
                           Vector& values) {
        RandomLinear made = makeRandomLinear(as, outputs, inputs, 32, random);
        values = std::move(made.weights);
        parts.push_back(made.storage);
        return made.linear;
    }

    std::vector<float> norm(std::int64_t width) {
        auto values = randomVector(static_cast<std::size_t>(width), 0.1F, random);
        std::for_each(values.begin(), values.end(), [](float& value) { value += 1.0F; });
        return values;
    }

    void addLayer() {
        TinyLayer& values = model.layers.emplace_back();
        LayerWeights& layer = weights.layers.emplace_back();
        layer.attentionNorm = norm(kHidden);
        layer.feedforwardNorm = norm(kHidden);
        layer.queryNorm = norm(kHeadDim);
        layer.keyNorm = norm(kHeadDim);
        layer.query = linear(form, kQueryHeads * kHeadDim, kHidden, values.query);
        layer.key = linear(form, kKvHeads * kHeadDim, kHidden, values.key);
        layer.value = linear(form, kKvHeads * kHeadDim, kHidden, values.value);
        layer.output = linear(form, kHidden, kQueryHeads * kHeadDim, values.output);
        layer.up = linear(form, kFeedforward, kHidden, values.up);
        layer.down = linear(form, kHidden, kFeedforward, values.down);
        layer.xielu = {0.7F, 1.1F, 0.45F, -9.98377799987793e-07F};
    }
};

ModelConfig tinyConfig() {
    ModelConfig config;
    config.modelType = "apertus";
    config.hiddenSize = kHidden;
    config.intermediateSize = kFeedforward;
    config.numHiddenLayers = 2;
    config.numAttentionHeads = kQueryHeads;
    config.numKeyValueHeads = kKvHeads;
    config.headDim = kHeadDim;
    config.vocabSize = kVocabulary;
    config.outputVocabSize = kVocabulary;
    config.maxPositionEmbeddings = 1024;
    config.rope.type = RopeConfig::Type::llama3;
    config.rope.theta = 10000.0;
    config.rope.factor = 8.0;
    config.rope.originalMaxPositionEmbeddings = 16;
    config.eosTokenIds = {2};
    return config;
}

}  // namespace

TinyModel makeTinyModel(LinearForm form, unsigned seed) {
    Builder builder{form, std::mt19937(seed), {}, {}, {}};
    builder.weights.config = tinyConfig();
    builder.addLayer();
    builder.addLayer();
    builder.weights.finalNorm = builder.norm(kHidden);
    const kernels::Linear embedding =
        builder.linear(LinearForm::bf16, kVocabulary, kHidden, builder.model.embedding);
    builder.weights.embedding = std::get<kernels::DenseMatrix>(embedding.blocks.front().matrix);
    builder.weights.head =
        builder.linear(LinearForm::bf16, kVocabulary, kHidden, builder.model.head);
    builder.weights.precision = linearFormName(form);
    builder.weights.contentHash = "00000000000000000000000000000000";
    builder.weights.parameterCount = 70000;
    builder.weights.weightBytes = 140000;
    builder.weights.storage =
        std::make_shared<std::vector<std::shared_ptr<const void>>>(std::move(builder.parts));
    builder.model.weights = std::make_shared<const ModelWeights>(std::move(builder.weights));
    return std::move(builder.model);
}

std::vector<double> naiveLogits(const TinyModel& model, std::span<const TokenId> ids) {
    const ModelWeights& weights = *model.weights;
    std::vector<std::vector<Vector>> keys(model.layers.size());
    std::vector<std::vector<Vector>> values(model.layers.size());
    Vector logits;
    for (std::size_t position = 0; position < ids.size(); ++position) {
        const auto row = model.embedding.begin() + ids[position] * kHidden;
        Vector hidden(row, row + kHidden);
        for (std::size_t l = 0; l < model.layers.size(); ++l) {
            const TinyLayer& layer = model.layers[l];
            const LayerWeights& norms = weights.layers[l];
            const Vector x = normed(hidden, norms.attentionNorm);
            Vector query = normed(times(layer.query, x), norms.queryNorm);
            Vector key = normed(times(layer.key, x), norms.keyNorm);
            turn(query, position, weights.config.rope);
            turn(key, position, weights.config.rope);
            keys[l].push_back(key);
            values[l].push_back(times(layer.value, x));
            addTo(hidden, times(layer.output, attended(query, keys[l], values[l])));
            Vector up = times(layer.up, normed(hidden, norms.feedforwardNorm));
            std::transform(up.begin(), up.end(), up.begin(),
                           [&](double value) { return xielu(norms.xielu, value); });
            addTo(hidden, times(layer.down, up));
        }
        const Vector here = times(model.head, normed(hidden, weights.finalNorm));
        logits.insert(logits.end(), here.begin(), here.end());
    }
    return logits;
}

}  // namespace apertura::test
