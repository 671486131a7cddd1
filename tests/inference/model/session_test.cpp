#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "inference/backend/reference_backend.h"
#include "inference/backend/reference_sequence.h"
#include "inference/engine.h"
#include "tests/support/cases.h"
#include "tests/support/tiny_local_model.h"

namespace apertura::test {

namespace {

// The events of a call, sorted by kind.
struct Log {
    std::vector<PhaseEvent> phases;
    std::string text;
    std::vector<TokensEvent> tokens;
    std::vector<ContextFullEvent> contextFull;
    std::function<void(const Log&)> onTokens = [](const Log&) {};
    std::function<void(const Log&)> onPhase = [](const Log&) {};

    std::function<void(const Event&)> callback() {
        return [this](const Event& event) {
            if (const auto* phase = std::get_if<PhaseEvent>(&event)) {
                phases.push_back(*phase);
                onPhase(*this);
            } else if (const auto* piece = std::get_if<TextEvent>(&event)) {
                text += piece->utf8;
            } else if (const auto* more = std::get_if<TokensEvent>(&event)) {
                tokens.push_back(*more);
                onTokens(*this);
            } else {
                contextFull.push_back(std::get<ContextFullEvent>(event));
            }
        };
    }
};

std::vector<TokenId> someIds(std::size_t count, unsigned seed = 3) {
    std::mt19937 random(seed);
    std::vector<TokenId> ids(count);
    std::generate(ids.begin(), ids.end(), [&] { return static_cast<TokenId>(7 + random() % 150); });
    return ids;
}

Generation answered(Session& session, const Request& request) {
    auto generation = session.generate(request, [](const Event&) {}, {});
    CHECK(generation.ok());
    return std::move(*generation);
}

std::vector<double> logprobsOf(const Generation& generation) {
    std::vector<double> values;
    for (const SampledToken& token : generation.logprobs) {
        values.push_back(token.logprob);
        for (const TokenLogprob& other : token.top) {
            values.push_back(other.logprob);
        }
    }
    return values;
}

std::shared_ptr<Model> tiny(int threads = 1) {
    return makeTinyLocalModel(makeTinyModel(LinearForm::int4Adapter), {threads, {}, nullptr});
}

void greedyFollowsTheNaiveLogits(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::int4RealZeros);
    auto session = makeTinySession(*makeTinyLocalModel(model), 128);
    auto ids = someIds(20);
    const Generation generation = answered(*session, greedyRequest(ids, 12));
    for (const TokenId id : generation.ids) {
        const auto logits = naiveLogits(model, ids);
        const auto best = std::max_element(logits.end() - 160, logits.end());
        findings.equal(id, static_cast<TokenId>(best - (logits.end() - 160)), "greedy id");
        ids.push_back(id);
    }
    findings.equal(generation.ids.size(), std::size_t{12}, "ids");
    findings.verify(generation.finishReason == FinishReason::length, "finish reason");
}

void aPrefixIsReusedAndChangesNothing(Findings& findings) {
    const auto model = tiny();
    auto session = makeTinySession(*model, 512);
    auto ids = someIds(70);
    const Generation first = answered(*session, greedyRequest(ids, 9));
    ids.insert(ids.end(), first.ids.begin(), first.ids.end());
    for (const TokenId id : someIds(30, 8)) {
        ids.push_back(id);
    }
    Request second = greedyRequest(ids, 20);
    second.sampling.logprobs = 5;
    const Generation reused = answered(*session, second);
    const Generation fresh = answered(*makeTinySession(*model, 512), second);
    findings.verify(reused.ids == fresh.ids, "ids");
    findings.verify(logprobsOf(reused) == logprobsOf(fresh), "log-probabilities, bit for bit");
    findings.equal(reused.metrics.reusedTokens, 70 + 9 - 1, "reused tokens");
    findings.equal(fresh.metrics.reusedTokens, 0, "reused tokens of a fresh session");

    // The same prompt once more: all but its last id is there. A shorter one with another end: its
    // beginning.
    const Generation again = answered(*session, second);
    findings.verify(again.ids == fresh.ids, "ids once more");
    findings.equal(again.metrics.reusedTokens, static_cast<std::int64_t>(ids.size()) - 1,
                   "reused once more");
    ids.resize(50);
    ids.back() = 9;
    Request third = greedyRequest(ids, 5);
    const Generation branch = answered(*session, third);
    findings.equal(branch.metrics.reusedTokens, 49, "reused of a branch");
    findings.verify(branch.ids == answered(*makeTinySession(*model, 512), third).ids,
                    "ids of a branch");
}

void aStopEndsTheAnswerWithinOneToken(Findings& findings) {
    auto session = makeTinySession(*tiny(), 128);
    std::stop_source stop;
    Log log;
    log.onTokens = [&](const Log& sofar) {
        if (sofar.tokens.size() == 3) {
            stop.request_stop();
        }
    };
    const auto request = greedyRequest(someIds(10), 50);
    const auto generation = session->generate(request, log.callback(), stop.get_token());
    CHECK(generation.ok());
    findings.equal(generation->ids.size(), std::size_t{3}, "tokens");
    findings.verify(generation->finishReason == FinishReason::cancelled, "finish reason");
    const Generation whole = answered(*session, request);
    findings.equal(whole.ids.size(), std::size_t{50}, "tokens of the next answer");
    findings.verify(whole.ids == answered(*makeTinySession(*tiny(), 128), request).ids,
                    "the next answer");
}

void aStopWhileReadingKeepsWhatWasRead(Findings& findings) {
    const auto model = tiny();
    auto session = makeTinySession(*model, 512);
    std::stop_source stop;
    Log log;
    log.onPhase = [&](const Log& sofar) {
        if (sofar.phases.back().done >= 100) {
            stop.request_stop();
        }
    };
    const auto request = greedyRequest(someIds(300), 5);
    const auto generation = session->generate(request, log.callback(), stop.get_token());
    CHECK(generation.ok());
    findings.verify(generation->ids.empty() && generation->text.empty(), "nothing written");
    findings.verify(generation->finishReason == FinishReason::cancelled, "finish reason");
    const Generation whole = answered(*session, request);
    findings.verify(whole.metrics.reusedTokens >= 100 && whole.metrics.reusedTokens < 300,
                    "reused");
    findings.verify(whole.ids == answered(*makeTinySession(*model, 512), request).ids,
                    "the next answer");
}

void eventsTellWhatHappens(Findings& findings) {
    auto session = makeTinySession(*tiny(), 512);
    Log log;
    const auto generation = session->generate(greedyRequest(someIds(150), 8), log.callback(), {});
    CHECK(generation.ok());
    findings.verify(
        log.phases.front().phase == Phase::readingPrompt && log.phases.front().done == 0, "begin");
    findings.verify(log.phases.back().phase == Phase::writing, "writing");
    const PhaseEvent& read = log.phases[log.phases.size() - 2];
    findings.verify(read.done == 150 && read.total == 150, "all read");
    findings.verify(log.phases.size() >= 4, "progress between");
    findings.equal(log.tokens.size(), std::size_t{8}, "token events");
    findings.equal(log.tokens.back().contextUsed, 158, "context used");
    findings.verify(
        log.tokens.front().tokensPerSecond == 0.0 && log.tokens.back().tokensPerSecond > 0.0,
        "speed");
    findings.equal(log.text, generation->text, "text");
}

void metricsAreFilledIn(Findings& findings) {
    auto session = makeTinySession(*tiny(), 512);
    const Generation generation = answered(*session, greedyRequest(someIds(40), 8));
    const Metrics& metrics = generation.metrics;
    findings.equal(metrics.promptTokens, 40, "prompt tokens");
    findings.equal(metrics.completionTokens, 8, "completion tokens");
    findings.equal(metrics.contextUsed, 48, "context used");
    findings.equal(metrics.contextSize, 512, "context size");
    findings.equal(metrics.backend, std::string("reference"), "backend");
    findings.equal(metrics.kvBytes, 2 * 2 * 2 * 16 * 4 * 256, "KV bytes: one block");
    findings.equal(metrics.weightBytes, 140000, "weight bytes");
    findings.verify(metrics.prefillTokensPerSecond > 0 && metrics.decodeTokensPerSecond > 0,
                    "speeds");
    findings.verify(metrics.timeToFirstTokenSeconds > 0, "time to first token");
    findings.verify(metrics.scratchBytes > 0 && metrics.processMemoryBytes > 1000000, "memory");
    findings.verify(metrics.deviceMemoryUsedBytes > 0 && metrics.deviceMemoryFreeBytes > 0,
                    "device memory");
    findings.verify(!metrics.device.empty(), "device");
    findings.verify(generation.sampling.seed.has_value(), "seed");
    findings.equal(metrics.seed, *generation.sampling.seed, "seed");
}

void aFullContextEndsTheAnswer(Findings& findings) {
    auto session = makeTinySession(*tiny(), 40);
    Log log;
    const auto generation = session->generate(greedyRequest(someIds(30), 100), log.callback(), {});
    CHECK(generation.ok());
    findings.equal(generation->ids.size(), std::size_t{10}, "tokens");
    findings.verify(generation->finishReason == FinishReason::context, "finish reason");
    findings.verify(log.contextFull.size() == 1 && log.contextFull[0].droppedMessages == 0,
                    "event");
    const auto tooLong = session->generate(greedyRequest(someIds(40), 1), [](const Event&) {}, {});
    findings.verify(!tooLong && tooLong.error().code == ErrorCode::contextTooSmall,
                    "a prompt as long");
    findings.equal(answered(*session, greedyRequest(someIds(39), 9)).ids.size(), std::size_t{1},
                   "one less");
}

void theSameSeedGivesTheSameAnswer(Findings& findings) {
    const auto model = tiny();
    auto session = makeTinySession(*model, 256);
    Request request = greedyRequest(someIds(20), 30);
    request.sampling.temperature = 1.5;
    request.sampling.seed = 42;
    const auto first = answered(*session, request).ids;
    findings.verify(answered(*session, request).ids == first, "again");
    findings.verify(answered(*makeTinySession(*model, 256), request).ids == first,
                    "in another session");
    request.sampling.seed = 43;
    findings.verify(answered(*session, request).ids != first, "another seed gives another answer");
    request.sampling.seed.reset();
    const Generation fresh = answered(*session, request);
    request.sampling.seed = fresh.metrics.seed;
    findings.verify(answered(*session, request).ids == fresh.ids,
                    "the reported seed repeats the answer");
}

void threadCountsGiveTheSameBits(Findings& findings) {
    Request request = greedyRequest(someIds(100), 20);
    request.sampling.logprobs = 10;
    const Generation one = answered(*makeTinySession(*tiny(1), 256), request);
    const Generation two = answered(*makeTinySession(*tiny(2), 256), request);
    findings.verify(one.ids == two.ids && logprobsOf(one) == logprobsOf(two), "1 and 2 threads");
}

void sessionsOfOneModelWorkAtOnce(Findings& findings) {
    const auto model = tiny(2);
    std::vector<std::vector<TokenId>> got(3);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < got.size(); ++i) {
        threads.emplace_back([&, i] {
            got[i] =
                answered(*makeTinySession(*model, 128), greedyRequest(someIds(20, unsigned(i)), 20))
                    .ids;
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (std::size_t i = 0; i < got.size(); ++i) {
        const auto request = greedyRequest(someIds(20, unsigned(i)), 20);
        findings.verify(got[i] == answered(*makeTinySession(*model, 128), request).ids,
                        std::to_string(i));
    }
}

void scoringGivesTheLogitsOfEveryPosition(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::int8Symmetric);
    auto session = makeTinySession(*makeTinyLocalModel(model), 200);
    const auto ids = someIds(111);
    const auto expected = naiveLogits(model, ids);
    std::int64_t next = 0;
    double worst = 0.0;
    const auto scored = session->score(
        ids,
        [&](std::int64_t position, std::span<const float> logits) {
            findings.equal(position, next++, "position");
            for (std::size_t i = 0; i < logits.size(); ++i) {
                const double want = expected[static_cast<std::size_t>(position) * 160 + i];
                worst = std::max(worst, std::abs(logits[i] - want));
            }
        },
        {});
    findings.verify(scored.ok() && next == 111 && worst < 2e-5,
                    "worst difference " + std::to_string(worst));
    const Generation after = answered(*session, greedyRequest(ids, 3));
    findings.equal(after.metrics.reusedTokens, 110, "what was scored is reused");

    const auto none = [](std::int64_t, std::span<const float>) {};
    findings.verify(
        session->score(someIds(201), none, {}).error().code == ErrorCode::contextTooSmall,
        "too long");
    findings.verify(session->score({}, none, {}).error().code == ErrorCode::invalidRequest, "none");
    std::stop_source stop;
    stop.request_stop();
    findings.verify(
        session->score(ids, none, stop.get_token()).error().code == ErrorCode::cancelled,
        "stopped");
}

void endOfSequenceStopsUnlessIgnored(Findings& findings) {
    auto session = makeTinySession(*tiny(), 512);
    Request request = greedyRequest(someIds(20), 40);
    request.sampling.logitBias[2] = 100.0;
    findings.equal(answered(*session, request).ids.size(), std::size_t{40}, "ignored");
    request.sampling.ignoreEndOfSequence = false;
    const Generation generation = answered(*session, request);
    findings.verify(generation.ids == std::vector<TokenId>{2}, "the stop id is among the ids");
    findings.verify(generation.text.empty(), "and no text");
    findings.verify(generation.finishReason == FinishReason::stop, "finish reason");
}

void aStopStringEndsTheTextBeforeIt(Findings& findings) {
    auto session = makeTinySession(*tiny(), 512);
    Request request = greedyRequest(someIds(20), 40);
    const Generation whole = answered(*session, request);
    const std::string end = whole.text.substr(whole.text.size() / 2, 3);
    request.sampling.stop = {end};
    Log log;
    const auto cut = session->generate(request, log.callback(), {});
    CHECK(cut.ok());
    findings.equal(cut->text, whole.text.substr(0, whole.text.find(end)), "text");
    findings.equal(log.text, cut->text, "events");
    findings.verify(cut->finishReason == FinishReason::stop, "finish reason");
}

void wrongRequestsAreRefusedAndTheSessionGoesOn(Findings& findings) {
    auto session = makeTinySession(*tiny(), 128);
    const auto code = [&](const Request& request) {
        const auto result = session->generate(request, [](const Event&) {}, {});
        return result ? ErrorCode::storageFull : result.error().code;
    };
    findings.verify(code(greedyRequest({}, 1)) == ErrorCode::invalidRequest, "no ids");
    findings.verify(code(greedyRequest({5, 160}, 1)) == ErrorCode::invalidRequest,
                    "an id too large");
    findings.verify(code(greedyRequest({5, -1}, 1)) == ErrorCode::invalidRequest, "a negative id");
    Request request = greedyRequest({5}, 1);
    request.sampling.topP = 1.5;
    findings.verify(code(request) == ErrorCode::invalidRequest, "top_p");
    findings.equal(answered(*session, greedyRequest({5}, 4)).ids.size(), std::size_t{4},
                   "the next answer");
}

void logitsThatAreNoNumbersFailTheRequest(Findings& findings) {
    TinyModel model = makeTinyModel(LinearForm::bf16);
    ModelWeights broken = *model.weights;
    broken.finalNorm[7] = std::numeric_limits<float>::quiet_NaN();
    model.weights = std::make_shared<const ModelWeights>(broken);
    auto session = makeTinySession(*makeTinyLocalModel(model), 128);
    const auto generation = session->generate(greedyRequest({5}, 4), [](const Event&) {}, {});
    findings.verify(!generation && generation.error().message.find("logits") != std::string::npos,
                    "generate");
    const auto scored =
        session->score(std::vector<TokenId>{5}, [](std::int64_t, std::span<const float>) {}, {});
    findings.verify(!scored && scored.error().message.find("logits") != std::string::npos, "score");
}

// A device that fails once its `linearsLeft` are used up, and whose KV cache ends at 64 positions.
class PoorBackend : public ReferenceBackend {
public:
    PoorBackend() : ReferenceBackend(1) {}

    Result<void> prepare(std::shared_ptr<const ModelWeights> weights) override {
        m_model = weights;
        return ReferenceBackend::prepare(std::move(weights));
    }
    Result<std::unique_ptr<Sequence>> newSequence(const SequenceOptions& options) override {
        return std::unique_ptr<Sequence>(std::make_unique<PoorSequence>(*m_model, options, 64, 1));
    }
    void linear(const Pass& pass, std::int64_t layer, LinearWeight weight, Activation x,
                Activation y) override {
        if (linearsLeft-- == 0) {
            throw DeviceError("The device is gone.");
        }
        ReferenceBackend::linear(pass, layer, weight, x, y);
    }

    std::int64_t linearsLeft = -1;

private:
    struct PoorSequence : ReferenceSequence {
        using ReferenceSequence::ReferenceSequence;
        Result<void> reserve(std::int64_t count) override {
            return count <= 64 ? ReferenceSequence::reserve(count)
                               : Error{ErrorCode::outOfMemory, "There is no more memory."};
        }
    };
    std::shared_ptr<const ModelWeights> m_model;
};

void failuresOfTheDeviceLeaveTheSessionUsable(Findings& findings) {
    auto owned = std::make_unique<PoorBackend>();
    PoorBackend& backend = *owned;
    const auto model =
        makeTinyLocalModel(makeTinyModel(LinearForm::bf16), {1, {}, std::move(owned)});
    auto session = makeTinySession(*model, 512);
    const auto code = [&](const Request& request) {
        const auto result = session->generate(request, [](const Event&) {}, {});
        return result ? ErrorCode::storageFull : result.error().code;
    };
    const auto request = greedyRequest(someIds(40), 10);
    const auto expected = answered(*session, request).ids;
    findings.verify(code(greedyRequest(someIds(65), 1)) == ErrorCode::outOfMemory, "while reading");
    findings.verify(code(greedyRequest(someIds(60), 9)) == ErrorCode::outOfMemory, "while writing");
    findings.verify(answered(*session, request).ids == expected, "the next answer");
    for (const std::int64_t linears : {0, 7, 40}) {
        backend.linearsLeft = linears;
        findings.verify(code(greedyRequest(someIds(33, 77), 20)) == ErrorCode::deviceLost, "lost");
        findings.verify(answered(*session, request).ids == expected, "the answer after it");
    }
}

void sessionsOfImpossibleSizesAreRefused(Findings& findings) {
    TinyModel tinyModel = makeTinyModel(LinearForm::bf16);
    ModelWeights huge = *tinyModel.weights;
    huge.config.maxPositionEmbeddings = std::int64_t{1} << 61;
    tinyModel.weights = std::make_shared<const ModelWeights>(huge);
    const auto model = makeTinyLocalModel(tinyModel);
    const auto code = [&](std::int64_t size) {
        const auto session = model->newSession({size, KvType::bf16});
        return session ? ErrorCode::storageFull : session.error().code;
    };
    findings.verify(code(1) == ErrorCode::contextTooSmall, "1");
    findings.verify(code(-5) == ErrorCode::contextTooSmall, "negative");
    findings.verify(code(std::int64_t{1} << 61) == ErrorCode::outOfMemory, "more than memory");
    findings.verify(code((std::int64_t{1} << 61) + 1) == ErrorCode::invalidRequest,
                    "more than the maximum");
    findings.equal(makeTinySession(*model, 0)->contextSize(), 8192, "the default");
    findings.equal(makeTinySession(*tiny(), 0)->contextSize(), 1024,
                   "the default of a small model");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"greedyFollowsTheNaiveLogits", greedyFollowsTheNaiveLogits},
        {"aPrefixIsReusedAndChangesNothing", aPrefixIsReusedAndChangesNothing},
        {"aStopEndsTheAnswerWithinOneToken", aStopEndsTheAnswerWithinOneToken},
        {"aStopWhileReadingKeepsWhatWasRead", aStopWhileReadingKeepsWhatWasRead},
        {"eventsTellWhatHappens", eventsTellWhatHappens},
        {"metricsAreFilledIn", metricsAreFilledIn},
        {"aFullContextEndsTheAnswer", aFullContextEndsTheAnswer},
        {"theSameSeedGivesTheSameAnswer", theSameSeedGivesTheSameAnswer},
        {"threadCountsGiveTheSameBits", threadCountsGiveTheSameBits},
        {"sessionsOfOneModelWorkAtOnce", sessionsOfOneModelWorkAtOnce},
        {"scoringGivesTheLogitsOfEveryPosition", scoringGivesTheLogitsOfEveryPosition},
        {"endOfSequenceStopsUnlessIgnored", endOfSequenceStopsUnlessIgnored},
        {"aStopStringEndsTheTextBeforeIt", aStopStringEndsTheTextBeforeIt},
        {"wrongRequestsAreRefusedAndTheSessionGoesOn", wrongRequestsAreRefusedAndTheSessionGoesOn},
        {"logitsThatAreNoNumbersFailTheRequest", logitsThatAreNoNumbersFailTheRequest},
        {"failuresOfTheDeviceLeaveTheSessionUsable", failuresOfTheDeviceLeaveTheSessionUsable},
        {"sessionsOfImpossibleSizesAreRefused", sessionsOfImpossibleSizesAreRefused}};
}

}  // namespace apertura::test
