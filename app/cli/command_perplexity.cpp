// apertura-cli perplexity: how well a model predicts a text.
#include <cmath>

#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/scoring.h"
#include "inference/sampling/sampler.h"

namespace apertura::cli {

namespace {

struct Flags {
    ModelFlags model;
    ScoredTextFlags scored;
};

// -log p of each scored id, in nats.
Result<std::vector<double>> scoreWindows(Session& session,
                                         const std::vector<std::vector<TokenId>>& windows,
                                         const std::stop_token& stop) {
    std::vector<double> losses;
    for (const auto& ids : windows) {
        const auto scored = session.score(
            ids,
            [&](std::int64_t position, std::span<const float> logits) {
                const auto next = static_cast<std::size_t>(position + 1);
                if (next < ids.size() && static_cast<std::size_t>(ids[next]) < logits.size()) {
                    losses.push_back(-logProbabilities(logits, ids[next], 0).logprob);
                } else if (next < ids.size()) {
                    losses.push_back(HUGE_VAL);  // an id that this model never writes
                }
            },
            stop);
        if (!scored) {
            return scored.error();
        }
    }
    return losses;
}

Json report(const std::vector<double>& losses, const std::vector<std::vector<TokenId>>& windows,
            const Tokenizer& tokenizer) {
    double total = 0.0;
    Json list = Json::array();
    for (const double loss : losses) {
        total += loss;
        list.push_back(numberToJson(loss));
    }
    std::size_t bytes = 0;
    for (const auto& ids : windows) {
        for (std::size_t i = 1; i < ids.size(); ++i) {
            bytes += tokenizer.bytes(ids[i]).size();
        }
    }
    const double mean = total / static_cast<double>(losses.size());
    return {{"nll", std::move(list)},
            {"mean_nll", numberToJson(mean)},
            {"nll_per_byte", bytes > 0 ? numberToJson(total / static_cast<double>(bytes)) : Json()},
            {"perplexity", numberToJson(std::exp(mean))}};
}

Result<void> run(const Flags& flags) {
    Interrupts interrupts;
    const std::stop_token stop = interrupts.begin();
    const auto model = flags.model.load(stop);
    if (!model) {
        return model.error();
    }
    const auto session = flags.model.newSession(**model);
    if (!session) {
        return session.error();
    }
    const auto length = flags.scored.windowFor((*session)->contextSize());
    if (!length) {
        return length.error();
    }
    const Tokenizer& tokenizer = *(*model)->tokenizer();
    const auto windows = flags.scored.windows(tokenizer, *length);
    if (!windows) {
        return windows.error();
    }
    const auto losses = scoreWindows(**session, *windows, stop);
    if (!losses) {
        return losses.error();
    }
    const Json result = report(*losses, *windows, tokenizer);
    if (flags.model.json) {
        printJson(result);
    } else {
        printText("perplexity " + result["perplexity"].dump() + ", " + result["mean_nll"].dump() +
                  " nats per token, " + result["nll_per_byte"].dump() + " nats per byte, " +
                  std::to_string(losses->size()) + " tokens scored\n");
    }
    return {};
}

}  // namespace

Command addPerplexity(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app = program.add_subcommand("perplexity", "How well a model predicts a text");
    flags->model.addTo(*app);
    flags->scored.addTo(*app);
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
