#include "inference/model/decoder.h"

#include <algorithm>
#include <cmath>

#include "inference/backend/reference_backend.h"
#include "tests/support/cases.h"
#include "tests/support/tiny_model.h"

namespace apertura::test {

namespace {

std::vector<TokenId> randomIds(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<TokenId> ids(count);
    std::generate(ids.begin(), ids.end(), [&] { return static_cast<TokenId>(random() % 160); });
    return ids;
}

// Logits of all positions, the ids sent through in passes of `chunk`.
std::vector<float> decode(const TinyModel& model, const std::vector<TokenId>& ids,
                          std::int64_t chunk, int threads) {
    ReferenceBackend backend(threads);
    CHECK(backend.prepare(model.weights).ok());
    auto sequence = backend.newSequence({1024, KvType::bf16});
    CHECK(sequence.ok());
    Decoder decoder(backend, 2);
    const auto count = static_cast<std::int64_t>(ids.size());
    std::vector<float> logits(static_cast<std::size_t>(count * 160));
    for (std::int64_t first = 0; first < count; first += chunk) {
        const std::int64_t tokens = std::min(chunk, count - first);
        CHECK((*sequence)->reserve(first + tokens).ok());
        const auto part = std::span(ids).subspan(static_cast<std::size_t>(first),
                                                 static_cast<std::size_t>(tokens));
        const kernels::Matrix<float> rows(logits.data() + first * 160, tokens, 160);
        CHECK(decoder.forward(**sequence, first, part, rows, {}));
    }
    return logits;
}

void logitsEqualNaiveFloat64(LinearForm form, Findings& findings) {
    const TinyModel model = makeTinyModel(form);
    const auto ids = randomIds(33, 5);
    const auto expected = naiveLogits(model, ids);
    const auto got = decode(model, ids, 64, 2);
    double worst = 0.0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(got[i] - expected[i]);
        worst = difference <= worst ? worst : difference;  // NaN counts as worst
    }
    findings.note("largest difference " + std::to_string(worst));
    // Some hundred roundings of 2^-24 along the way of numbers of a few units.
    findings.verify(worst < 5e-5, "largest difference " + std::to_string(worst));
}

void passesAndThreadsDoNotChangeABit(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::int4Adapter);
    const auto ids = randomIds(300, 6);  // more than a block of the KV cache
    const auto expected = decode(model, ids, 64, 1);
    findings.verify(decode(model, ids, 64, 2) == expected, "2 threads");
    findings.verify(decode(model, ids, 1, 1) == expected, "one by one");
    findings.verify(decode(model, ids, 7, 3) == expected, "passes of 7, 3 threads");
}

void aStoppedPassSaysSo(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::bf16);
    ReferenceBackend backend(1);
    CHECK(backend.prepare(model.weights).ok());
    auto sequence = backend.newSequence({16, KvType::bf16});
    CHECK((*sequence)->reserve(16).ok());
    std::stop_source stop;
    stop.request_stop();
    Decoder decoder(backend, 2);
    std::vector<float> logits(160, 7.0F);
    findings.verify(
        !decoder.forward(**sequence, 0, randomIds(4, 1), {logits.data(), 1, 160}, stop.get_token()),
        "stopped");
    findings.equal(logits[0], 7.0F, "logits");
}

void feedforwardBeyondTheRangeOfFp16StaysFinite(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::bf16);
    ModelWeights loud = *model.weights;
    for (LayerWeights& layer : loud.layers) {
        for (float& weight : layer.feedforwardNorm) {
            weight *= 1000.0F;  // up gives about 1000, xIELU about 10^6: past 65504
        }
    }
    TinyModel copy = model;
    copy.weights = std::make_shared<const ModelWeights>(loud);
    const auto ids = randomIds(31, 9);
    const auto logits = decode(copy, ids, 64, 2);
    const auto expected = naiveLogits(copy, ids);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!(std::abs(logits[i] - expected[i]) < 5e-4)) {
            findings.equal(logits[i], expected[i], "logit");
            return;
        }
    }
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : allLinearForms()) {
        all.push_back({std::string("logitsOf") + linearFormName(form) + "EqualNaiveFloat64",
                       [form](Findings& findings) { logitsEqualNaiveFloat64(form, findings); }});
    }
    all.push_back({"passesAndThreadsDoNotChangeABit", passesAndThreadsDoNotChangeABit});
    all.push_back({"aStoppedPassSaysSo", aStoppedPassSaysSo});
    all.push_back(
        {"feedforwardBeyondTheRangeOfFp16StaysFinite", feedforwardBeyondTheRangeOfFp16StaysFinite});
    return all;
}

}  // namespace apertura::test
