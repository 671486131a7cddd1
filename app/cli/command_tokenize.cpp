// apertura-cli tokenize: text to token ids.
#include "app/cli/commands.h"
#include "app/cli/input.h"
#include "app/cli/output.h"
#include "inference/text/tokenizer.h"

namespace apertura::cli {

namespace {

struct Flags {
    std::string directory;
    std::string text;
    bool textGiven = false;
    bool plainSpecialText = false;
    bool bos = false;
    bool jsonLines = false;
};

Json encoded(const Tokenizer& tokenizer, const std::string& text, const EncodeOptions& options) {
    const auto ids = tokenizer.encode(text, options);
    Json pieces = Json::array();
    for (const TokenId id : ids) {
        pieces.push_back(tokenizer.piece(id));
    }
    return {{"ids", ids}, {"pieces", std::move(pieces)}};
}

Result<Json> answer(const Tokenizer& tokenizer, const Json& request) {
    const auto text = textMember(request, "text");
    const auto special = flagMember(request, "special", true);
    const auto bos = flagMember(request, "bos", false);
    if (!text) {
        return text.error();
    }
    if (!*text) {
        return Error{ErrorCode::invalidRequest, "The request has no text."};
    }
    if (!special || !bos) {
        return special ? bos.error() : special.error();
    }
    return encoded(tokenizer, **text, {.specialTokens = *special, .addBos = *bos});
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
    const std::string text = flags.textGiven ? flags.text : readStandardInput();
    printJson(encoded(**tokenizer, text,
                      {.specialTokens = !flags.plainSpecialText, .addBos = flags.bos}));
    return {};
}

}  // namespace

Command addTokenize(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app = program.add_subcommand("tokenize", "Text to token ids, as JSON");
    app->add_option("MODEL_DIR", flags->directory, "A folder with the tokenizer's files")
        ->required();
    auto* text = app->add_option("--text", flags->text, "The text; default standard input");
    app->add_flag("--no-special-text", flags->plainSpecialText,
                  "Spellings of special tokens are plain text");
    app->add_flag("--bos", flags->bos, "Put the beginning-of-sequence token in front");
    const std::string asAlways = "Print JSON, as it does in any case";
    app->add_flag("--json", asAlways);
    app->add_flag(
           "--jsonl", flags->jsonLines,
           R"(Answer requests on standard input, one a line: {"text":..,"special":true,"bos":false})")
        ->excludes(text);
    return {app, [flags, text] {
                flags->textGiven = text->count() > 0;
                return run(*flags);
            }};
}

}  // namespace apertura::cli
