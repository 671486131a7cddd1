// The public face of inference: load a checkpoint, open sessions on it, get answers. The
// application and the command line see this header and nothing below it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "inference/device_memory.h"
#include "inference/message.h"
#include "inference/model_info.h"
#include "inference/options.h"
#include "inference/status.h"

namespace apertura {

class Tokenizer;
class ChatTemplate;

// ---- what is asked
// -------------------------------------------------------------------------------------

// Messages through the chat template. JSON texts are UTF-8.
struct ChatPrompt {
    std::string messagesJson;                   // [{"role": .., "content": ..}, ..]
    std::optional<std::string> toolsJson;       // an array of tools; absent = none
    std::optional<std::string> templateSource;  // Jinja; absent = the checkpoint's own
    bool thinking = false;                      // `enable_thinking` of the template
    std::optional<std::string> date;            // ISO day for strftime_now; absent = today
    bool addGenerationPrompt = true;
};

// Plain text; BOS is added where the tokenizer's post-processor would.
struct TextPrompt {
    std::string text;
};

// Token ids exactly as they are.
struct IdsPrompt {
    std::vector<TokenId> ids;
};

// What happens when prompt and answer reach the context size: end with finish reason `context`, or
// leave out the oldest turns (never the system message) until a quarter of the context is free.
// Only ChatPrompt can drop.
enum class ContextPolicy { stop, dropOldestTurns };

struct Request {
    std::variant<ChatPrompt, TextPrompt, IdsPrompt> prompt;
    SamplingOptions sampling;
    ContextPolicy contextPolicy = ContextPolicy::stop;
};

// ---- what is told while it runs
// ------------------------------------------------------------------------

// `preparing`: a checkpoint is loaded and its packed form written, so that it loads faster later.
enum class Phase { loading, preparing, readingPrompt, writing };

struct PhaseEvent {
    Phase phase = Phase::loading;
    std::int64_t done = 0;   // bytes while loading or preparing, tokens otherwise
    std::int64_t total = 0;  // 0 while unknown
};

struct TextEvent {
    std::string utf8;  // whole characters only
    SpanKind kind = SpanKind::response;
};

struct TokenLogprob {
    TokenId id = 0;
    double logprob = 0.0;  // natural logarithm, of the model's own distribution
};

struct SampledToken {
    TokenId id = 0;
    double logprob = 0.0;
    std::int64_t rank = 0;          // 0 = the most likely
    std::vector<TokenLogprob> top;  // the most likely ones, best first
};

struct TokensEvent {
    std::vector<SampledToken>
        tokens;  // logprob, rank and top only where log-probabilities were asked for
    double tokensPerSecond = 0.0;  // decode speed so far; 0 while unknown
    std::int64_t contextUsed = 0;
};

struct ContextFullEvent {
    std::int64_t droppedMessages = 0;  // 0: the answer ends here
};

using Event = std::variant<PhaseEvent, TextEvent, TokensEvent, ContextFullEvent>;

// ---- what comes back
// -----------------------------------------------------------------------------------

enum class FinishReason { stop, length, context, cancelled };

const char* finishReasonName(FinishReason reason);  // "stop", "length", "context", "cancelled"

struct Metrics {
    double loadSeconds = 0.0;
    std::int64_t promptTokens = 0;
    std::int64_t reusedTokens = 0;  // of the prompt, already in the KV cache
    double prefillTokensPerSecond = 0.0;
    double timeToFirstTokenSeconds = 0.0;
    std::int64_t completionTokens = 0;
    double decodeTokensPerSecond = 0.0;
    std::string backend;
    std::string device;
    std::string decodePath;  // how single tokens run: "graph", "eager: why"; empty where there is
                             // but one way
    std::int64_t weightBytes = 0;
    std::int64_t kvBytes = 0;
    std::int64_t scratchBytes = 0;
    std::int64_t adapterBytes = 0;
    std::int64_t deviceMemoryUsedBytes = 0;  // of the device that computes: VRAM on a GPU, else RAM
    std::int64_t deviceMemoryFreeBytes = 0;
    std::int64_t deviceMemoryOwnBytes = 0;  // see DeviceMemory
    std::int64_t processMemoryBytes = 0;    // resident set of this process
    std::int64_t contextUsed = 0;
    std::int64_t contextSize = 0;
    std::uint64_t seed = 0;
};

struct Generation {
    std::vector<TokenId> ids;  // generated, the stop id included
    std::string text;          // the response, without special tokens
    std::string thoughts;
    std::string toolCalls;
    FinishReason finishReason = FinishReason::stop;
    std::vector<SampledToken> logprobs;  // one per id, where asked for
    std::vector<TokenId> promptIds;
    SamplingOptions sampling;  // as used, seed filled in
    Metrics metrics;
};

// ---- the interfaces
// ------------------------------------------------------------------------------------

// One conversation's KV cache over a loaded model: ids in, text out.
// Threads: use from one thread at a time. Only the stop token may be signalled from elsewhere.
class Session {
public:
    virtual ~Session() = default;

    // Answers `request`; a prefix the KV cache already holds is not computed again. `onEvent`
    // receives phases, whole UTF-8 characters and token ids, in order, on the calling thread. Ends
    // at end-of-turn, at sampling.maxTokens, at a full context, or within one token of `stop`;
    // being stopped is no error. Errors: invalidRequest (a parameter out of range, a template that
    // fails), contextTooSmall, outOfMemory, deviceLost. Text already delivered stays valid; the
    // session can be used again.
    virtual Result<Generation> generate(const Request& request,
                                        const std::function<void(const Event&)>& onEvent,
                                        std::stop_token stop) = 0;

    // Teacher-forced: calls onLogits(position, logits [V]) for every position of `ids` in order.
    // Errors: as generate; unsupported where the engine is remote; cancelled.
    virtual Result<void> score(
        std::span<const TokenId> ids,
        const std::function<void(std::int64_t position, std::span<const float> logits)>& onLogits,
        std::stop_token stop) = 0;

    virtual std::int64_t contextSize() const = 0;
};

// A loaded checkpoint. Shared: sessions keep it alive.
// Threads: const members from any thread; newSession from one at a time.
class Model {
public:
    virtual ~Model() = default;

    virtual const ModelInfo& info() const = 0;
    // As it is now. Zeros where the engine is remote.
    virtual DeviceMemory memory() const = 0;
    // Errors: contextTooSmall, invalidRequest (context beyond the model's maximum), outOfMemory.
    virtual Result<std::unique_ptr<Session>> newSession(const SessionOptions& options) = 0;
    // Null where the engine is remote.
    virtual const Tokenizer* tokenizer() const = 0;
};

// Makes models out of checkpoints.
class Engine {
public:
    virtual ~Engine() = default;

    // `onProgress` receives Phase::loading, or before it Phase::preparing, in bytes, on the calling
    // thread.
    // Errors: fileMissing, fileCorrupt, unsupported, outOfMemory, cancelled, each naming file and
    // field.
    virtual Result<std::shared_ptr<Model>> load(
        const ModelSource& source, const LoadOptions& options,
        const std::function<void(const PhaseEvent&)>& onProgress, std::stop_token stop) = 0;
};

// The in-process engine.
std::unique_ptr<Engine> makeLocalEngine();

}  // namespace apertura
