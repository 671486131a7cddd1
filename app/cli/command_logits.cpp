// apertura-cli logits: the model's logits at every position, as a safetensors file.
#include <algorithm>
#include <optional>

#include "app/cli/commands.h"
#include "app/cli/input.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/safetensors_writer.h"

namespace apertura::cli {

namespace {

struct Flags {
    ModelFlags model;
    std::optional<std::vector<TokenId>> ids;
    std::string idsFile;
    std::string out;
};

Result<void> run(const Flags& flags) {
    Result<std::vector<TokenId>> ids = flags.ids.value_or(std::vector<TokenId>());
    if (!flags.ids) {
        ids = readIdsFile(flags.idsFile);
    }
    if (!ids) {
        return ids.error();
    }
    if (ids->empty()) {
        return Error{ErrorCode::invalidRequest, "There are no token ids."};
    }
    Interrupts interrupts;
    const std::stop_token stop = interrupts.begin();
    const auto model = flags.model.load(stop);
    if (!model) {
        return model.error();
    }
    const auto count = static_cast<std::int64_t>(ids->size());
    const auto session = flags.model.newSession(**model, std::max(count, kSmallestContext));
    if (!session) {
        return session.error();
    }
    std::optional<SafetensorsWriter> writer;
    const auto scored = (*session)->score(
        *ids,
        [&](std::int64_t, std::span<const float> logits) {
            if (!writer) {
                writer.emplace(flags.out, "logits", count,
                               static_cast<std::int64_t>(logits.size()));
            }
            writer->addRow(logits);
        },
        stop);
    if (!scored) {
        return scored.error();
    }
    if (const auto written = writer->finish(); !written) {
        return written.error();
    }
    if (flags.model.json) {
        printJson({{"out", flags.out},
                   {"positions", count},
                   {"vocabulary_size", (*model)->info().vocabularySize}});
    }
    return {};
}

}  // namespace

Command addLogits(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app =
        program.add_subcommand("logits", "Logits at every position, as a safetensors file");
    flags->model.addTo(*app);
    auto* input = app->add_option_group("input");
    addIds(*input, "--ids", flags->ids, "Token ids");
    input->add_option("--ids-file", flags->idsFile, "A file with token ids");
    input->require_option(1);
    app->add_option("--out", flags->out, "The file to write: `logits`, float32 [T, V]")->required();
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
