// Answers one request: prompt, reading, writing, the full context, the figures.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "inference/engine.h"
#include "inference/model/answer_text.h"
#include "inference/model/decoder.h"
#include "inference/model/kv_cache.h"
#include "inference/model/loaded_model.h"
#include "inference/sampling/sampler.h"

namespace apertura {

// One request, run once. Threads: one. All references outlive it.
class Answer {
public:
    // Shapes: logits [V], scratch for the last position's.
    Answer(const LoadedModel& model, KvCache& cache, std::span<float> logits,
           const Request& request, const std::function<void(const Event&)>& onEvent,
           std::stop_token stop);

    // Errors: as Session::generate. Throws DeviceError and std::bad_alloc; the cache then holds
    // whole ids only.
    Result<Generation> run();

private:
    using Clock = std::chrono::steady_clock;

    // What a step of the answer came to.
    enum class Step { goesOn, stopped };

    Result<void> buildPrompt();
    Result<void> fitPrompt();
    Result<void> startSampler();
    // Reads the prompt and what has been written so far, as far as the cache lacks it; computes the
    // logits.
    Result<Step> read();
    Result<FinishReason> write();
    // The best of the last token's logits where the sampler can do with them, else the row.
    void computeLogits(const Pass& pass);
    // Takes the next token from the logits.
    Result<TokenId> takeToken();
    Result<TokenId> chooseToken();
    std::optional<FinishReason> reasonToEnd(TokenId id) const;
    // Computes the logits after `id`.
    Result<Step> feed(TokenId id);
    // Leaves out the oldest turns until a quarter of the context is free, or as many as there are;
    // where the template refuses what would be left, that turn stays. Returns how many messages
    // went.
    std::int64_t dropTurns();
    Result<Step> goOnWithoutOldestTurns();

    std::int64_t contextUsed() const;
    double tokensPerSecond() const;
    Generation finish(FinishReason reason);
    Metrics metrics() const;

    const LoadedModel& m_model;
    KvCache& m_cache;
    std::span<float> m_logits;
    const std::function<void(const Event&)>& m_onEvent;
    std::stop_token m_stop;
    ContextPolicy m_contextPolicy;
    PromptContent m_content;  // shortened where turns were left out
    Decoder m_decoder;
    BuiltPrompt m_prompt;
    std::optional<Sampler> m_sampler;
    BestLogitsRequest m_wanted;  // no tokens: the row is wanted
    BestLogits m_best;
    bool m_isRowThere = false;  // in m_logits; else m_best is
    std::optional<AnswerText> m_text;
    Generation m_generation;

    Clock::time_point m_start = Clock::now();
    std::optional<Clock::time_point> m_firstToken;
    Clock::time_point m_lastToken;
    std::chrono::duration<double> m_reading{0};    // all of it, and how many tokens it was
    std::chrono::duration<double> m_rereading{0};  // the part of it between tokens
    std::int64_t m_tokensRead = 0;
    std::int64_t m_tokensReused = 0;  // of the prompt, at the first reading
};

}  // namespace apertura
