// Every choice a caller can make about loading and answering, with its default. One truth per
// default.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace apertura {

using TokenId = std::int32_t;

// Sampling parameters. Names, ranges, neutral values and the order of the stages are documented in
// sampling/sampler.h; the values here are the chain's neutral ones, not what a chat starts with
// (ModelInfo::recommendedSampling).
struct SamplingOptions {
    double temperature = 1.0;  // 0 = greedy
    std::int64_t topK = 0;     // 0 = off
    double topP = 1.0;
    double minP = 0.0;
    double typicalP = 1.0;
    double topNSigma = 0.0;
    double repetitionPenalty = 1.0;
    double presencePenalty = 0.0;
    double frequencyPenalty = 0.0;
    std::int64_t penaltyWindow = -1;  // ids looked back at; -1 = the whole context, 0 = off
    double dryMultiplier = 0.0;
    double dryBase = 1.75;
    std::int64_t dryAllowedLength = 2;
    std::vector<std::string> drySequenceBreakers = {"\n", ":", "\"", "*"};
    std::vector<TokenId>
        dryBreakerIds;  // breakers by id, beside those that contain one of these texts
    double xtcProbability = 0.0;
    double xtcThreshold = 0.1;
    std::map<TokenId, double> logitBias;
    std::vector<TokenId> banned;
    std::optional<std::uint64_t> seed;      // absent = a fresh one, reported in the metrics
    std::optional<std::int64_t> maxTokens;  // absent = until the context is full
    std::int64_t logprobs = 0;      // alternatives reported per token; 0 = no log-probabilities
    std::vector<std::string> stop;  // stop strings
    bool ignoreEndOfSequence = false;
};

enum class BackendChoice { automatic, reference, cpu, cuda };
enum class KvType { bf16, int8 };

// Which low-rank adapter goes with a checkpoint: what is found in or beside it, none, or a folder.
struct AdapterChoice {
    enum class Kind { automatic, none, folder } kind = Kind::automatic;
    std::filesystem::path folder;
};

// A Hugging Face snapshot folder.
struct ModelSource {
    std::filesystem::path directory;
    AdapterChoice adapter;
};

// The context that a session gets where none is asked for, if the model has so much.
inline constexpr std::int64_t kDefaultContext = 8192;

// The least that a session takes: a prompt of BOS and one more id, and an answer of as many.
inline constexpr std::int64_t kSmallestContext = 4;

struct SessionOptions {
    std::int64_t contextSize = 0;  // tokens; 0 = min(the model's maximum, kDefaultContext)
    KvType kv = KvType::bf16;      // the reference backend keeps fp32 in any case
};

struct LoadOptions {
    BackendChoice backend = BackendChoice::automatic;
    int threads = 0;  // 0 = one per core
    // Where results are kept that a later start need not work out again; empty = nowhere.
    // Made where it is not there; whatever is in it may be deleted at any time.
    std::filesystem::path cacheDirectory = {};
    // A session that will be opened, whose memory a GPU must have beside the model's.
    SessionOptions plannedSession = {};
    // Most that the packed forms of checkpoints take in cacheDirectory together, the least recently
    // used ones going first; 0 = none are read or written.
    std::uint64_t packedCacheBytes = std::uint64_t{64} << 30;
};

}  // namespace apertura
