// apertura-cli compare: two checkpoints on the same tokens, teacher-forced.
#include <algorithm>
#include <cmath>

#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/lockstep.h"
#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/scoring.h"
#include "inference/sampling/sampler.h"

namespace apertura::cli {

namespace {

struct Flags {
    ModelFlags model;  // the folder and adapter of A; how both run
    std::string directoryB;
    std::string adapterB = "auto";
    ScoredTextFlags scored;
};

// log of the sum of exp(logits)
double logSum(std::span<const float> logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits) {
        sum += std::exp(logit - largest);
    }
    return largest + std::log(sum);
}

// KL(A || B) in nats over the whole vocabulary.
double divergence(std::span<const float> a, std::span<const float> b) {
    const double sumA = logSum(a);
    const double sumB = logSum(b);
    double total = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double p = std::exp(a[i] - sumA);
        if (p > 0.0) {
            total += p * ((a[i] - sumA) - (b[i] - sumB));
        }
    }
    return std::max(total, 0.0);  // rounding may leave a hair below
}

// What is gathered over all scored positions.
class Comparison {
public:
    void add(TokenId id, std::span<const float> a, std::span<const float> b) {
        const auto ofA = logProbabilities(a, id, 1);
        const auto ofB = logProbabilities(b, id, 1);
        const double kl = divergence(a, b);
        m_tokens.push_back({{"id", id},
                            {"logprob_a", numberToJson(ofA.logprob)},
                            {"logprob_b", numberToJson(ofB.logprob)},
                            {"rank_b", ofB.rank},
                            {"kl", numberToJson(kl)}});
        m_totalA += ofA.logprob;
        m_totalB += ofB.logprob;
        m_totalKl += kl;
        m_largestKl = std::max(m_largestKl, kl);
        m_agreements += ofA.top.front().id == ofB.top.front().id ? 1 : 0;
    }
    Json report() {
        const auto count = static_cast<double>(m_tokens.size());
        return {{"tokens", std::move(m_tokens)},
                {"mean_kl", numberToJson(m_totalKl / count)},
                {"max_kl", numberToJson(m_largestKl)},
                {"top1_agreement", m_agreements / count},
                {"perplexity_a", numberToJson(std::exp(-m_totalA / count))},
                {"perplexity_b", numberToJson(std::exp(-m_totalB / count))}};
    }

private:
    Json m_tokens = Json::array();
    double m_totalA = 0.0;
    double m_totalB = 0.0;
    double m_totalKl = 0.0;
    double m_largestKl = 0.0;
    double m_agreements = 0.0;
};

// Ids mean the same to both models only if they spell the same.
Result<void> checkSameTokens(const Tokenizer& a, const Tokenizer& b,
                             const std::vector<std::vector<TokenId>>& windows) {
    for (const auto& ids : windows) {
        for (const TokenId id : ids) {
            if (a.bytes(id) != b.bytes(id)) {
                return Error{ErrorCode::invalidRequest,
                             "The two models have different tokenizers: id " + std::to_string(id) +
                                 " is not the same token, so they cannot be compared."};
            }
        }
    }
    return {};
}

Result<Json> compare(Session& a, Session& b, const std::vector<std::vector<TokenId>>& windows,
                     const std::stop_token& stop) {
    Comparison comparison;
    for (const auto& ids : windows) {
        std::optional<Error> mismatch;
        const auto scored = scoreInLockstep(
            a, b, ids,
            [&](std::int64_t position, std::span<const float> rowA, std::span<const float> rowB) {
                const auto next = static_cast<std::size_t>(position + 1);
                if (next == ids.size() || mismatch) {
                    return;
                }
                if (rowA.size() != rowB.size() ||
                    static_cast<std::size_t>(ids[next]) >= rowA.size()) {
                    mismatch = Error{ErrorCode::invalidRequest,
                                     "The two models do not write the same vocabulary, so they "
                                     "cannot be compared."};
                    return;
                }
                comparison.add(ids[next], rowA, rowB);
            },
            stop);
        if (!scored) {
            return scored.error();
        }
        if (mismatch) {
            return *mismatch;
        }
    }
    return comparison.report();
}

void print(const Json& report, bool json) {
    if (json) {
        printJson(report);
        return;
    }
    printText(std::to_string(report["tokens"].size()) + " tokens: mean KL " +
              report["mean_kl"].dump() + ", largest KL " + report["max_kl"].dump() +
              ", the same first choice at " + report["top1_agreement"].dump() + ", perplexity " +
              report["perplexity_a"].dump() + " and " + report["perplexity_b"].dump() + "\n");
}

Result<void> run(const Flags& flags) {
    Interrupts interrupts;
    const std::stop_token stop = interrupts.begin();
    const auto modelA = flags.model.load(stop);
    if (!modelA) {
        return modelA.error();
    }
    const auto modelB = flags.model.load(flags.directoryB, flags.adapterB, stop);
    if (!modelB) {
        return modelB.error();
    }
    const auto sessionA = flags.model.newSession(**modelA);
    const auto sessionB = flags.model.newSession(**modelB);
    if (!sessionA || !sessionB) {
        return sessionA ? sessionB.error() : sessionA.error();
    }
    const auto length =
        flags.scored.windowFor(std::min((*sessionA)->contextSize(), (*sessionB)->contextSize()));
    if (!length) {
        return length.error();
    }
    const auto windows = flags.scored.windows(*(*modelA)->tokenizer(), *length);
    if (!windows) {
        return windows.error();
    }
    if (const auto same =
            checkSameTokens(*(*modelA)->tokenizer(), *(*modelB)->tokenizer(), *windows);
        !same) {
        return same.error();
    }
    const auto report = compare(**sessionA, **sessionB, *windows, stop);
    if (!report) {
        return report.error();
    }
    print(*report, flags.model.json);
    return {};
}

}  // namespace

Command addCompare(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app = program.add_subcommand("compare", "Two checkpoints on the same tokens");
    app->add_option("MODEL_A", flags->model.directory, "The first snapshot folder")->required();
    app->add_option("MODEL_B", flags->directoryB, "The second; may be the same")->required();
    app->add_option("--adapter-a", flags->model.adapter,
                    "auto, none, or a folder with A's adapter");
    app->add_option("--adapter-b", flags->adapterB, "auto, none, or a folder with B's adapter");
    flags->model.addRunningTo(*app);
    flags->scored.addTo(*app);
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
