// apertura-cli detokenize: token ids to text, whole and as it would stream.
#include "app/cli/commands.h"
#include "app/cli/input.h"
#include "app/cli/options.h"
#include "app/cli/output.h"
#include "inference/text/text_stream.h"
#include "inference/text/tokenizer.h"

namespace apertura::cli {

namespace {

struct Flags {
    std::string directory;
    std::optional<std::vector<TokenId>> ids;
    bool jsonLines = false;
};

Result<Json> decoded(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
    Json chunks = Json::array();
    TextStream stream(tokenizer.leadingSpace());
    for (const TokenId id : ids) {
        if (id < 0 || id >= tokenizer.size()) {
            return Error{ErrorCode::invalidRequest, "There is the id " + std::to_string(id) +
                                                        ", but the tokenizer's ids are 0 to " +
                                                        std::to_string(tokenizer.size() - 1) + "."};
        }
        chunks.push_back(stream.push(tokenizer.bytes(id)));
    }
    if (std::string last = stream.finish(); !last.empty()) {
        chunks.push_back(std::move(last));
    }
    return Json{{"text", decode(tokenizer, ids)}, {"chunks", std::move(chunks)}};
}

Result<Json> answer(const Tokenizer& tokenizer, const Json& request) {
    const auto found = request.find("ids");
    std::vector<TokenId> ids;
    bool sound = found != request.end() && found->is_array();
    for (std::size_t i = 0; sound && i < found->size(); ++i) {
        const Json& id = (*found)[i];
        const auto number = id.is_number_integer() ? id.get<std::int64_t>() : -1;
        sound = id.is_number_integer() && number == static_cast<TokenId>(number);
        ids.push_back(static_cast<TokenId>(number));
    }
    if (!sound) {
        return Error{ErrorCode::invalidRequest, "The request's ids must be an array of token ids."};
    }
    return decoded(tokenizer, ids);
}

Result<void> run(const Flags& flags) {
    const auto tokenizer = loadTokenizer(flags.directory);
    if (!tokenizer) {
        return tokenizer.error();
    }
    if (flags.jsonLines) {
        answerLines([&](const Json& request) { return answer(**tokenizer, request); });
        return {};
    }
    const auto ids = flags.ids ? flags.ids : parseIds(readStandardInput());
    if (!ids) {
        return Error{ErrorCode::invalidRequest,
                     "Standard input must hold token ids and nothing else."};
    }
    const auto answered = decoded(**tokenizer, *ids);
    if (!answered) {
        return answered.error();
    }
    printJson(*answered);
    return {};
}

}  // namespace

Command addDetokenize(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app = program.add_subcommand("detokenize", "Token ids to text, as JSON");
    app->add_option("MODEL_DIR", flags->directory, "A folder with the tokenizer's files")
        ->required();
    auto* ids = addIds(*app, "--ids", flags->ids, "Token ids; default standard input");
    const std::string asAlways = "Print JSON, as it does in any case";
    app->add_flag("--json", asAlways);
    app->add_flag("--jsonl", flags->jsonLines,
                  R"(Answer requests on standard input, one a line: {"ids":[..]})")
        ->excludes(ids);
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
