#include "app/cli/scoring.h"

#include <algorithm>

#include "app/cli/input.h"

namespace apertura::cli {

namespace {

constexpr std::int64_t kDefaultWindow = 2048;

}  // namespace

void ScoredTextFlags::addTo(CLI::App& command) {
    auto* input = command.add_option_group("input");
    input->add_option("--text", text, "The text");
    input->add_option("--file", file, "A file with the text");
    input->add_option("--ids-file", idsFile, "A file with token ids, taken as they are");
    input->require_option(1);
    command.add_option("--window", window, "Ids per window; default the context, at most 2048")
        ->check(CLI::Range(2, 1 << 30));
}

Result<std::int64_t> ScoredTextFlags::windowFor(std::int64_t contextSize) const {
    const std::int64_t length = window > 0 ? window : std::min(contextSize, kDefaultWindow);
    if (length > contextSize || length < 2) {
        return Error{ErrorCode::invalidRequest, "A window of " + std::to_string(length) +
                                                    " ids does not fit the context of " +
                                                    std::to_string(contextSize) + "."};
    }
    return length;
}

Result<std::vector<TokenId>> ScoredTextFlags::allIds(const Tokenizer& tokenizer) const {
    if (!idsFile.empty()) {
        return readIdsFile(idsFile);
    }
    if (text) {
        return tokenizer.encode(*text, {});
    }
    const auto content = readTextFile(file);
    if (!content) {
        return content.error();
    }
    return tokenizer.encode(*content, {});
}

Result<std::vector<std::vector<TokenId>>> ScoredTextFlags::windows(const Tokenizer& tokenizer,
                                                                   std::int64_t length) const {
    const auto ids = allIds(tokenizer);
    if (!ids) {
        return ids.error();
    }
    const auto bos = idsFile.empty() ? tokenizer.bosToken() : std::nullopt;
    const auto perWindow = static_cast<std::size_t>(bos ? length - 1 : length);
    std::vector<std::vector<TokenId>> windows;
    for (std::size_t first = 0; first < ids->size(); first += perWindow) {
        std::vector<TokenId> part;
        if (bos) {
            part.push_back(*bos);
        }
        const auto begin = ids->begin() + static_cast<std::ptrdiff_t>(first);
        part.insert(part.end(), begin,
                    begin + static_cast<std::ptrdiff_t>(std::min(perWindow, ids->size() - first)));
        if (part.size() > 1) {
            windows.push_back(std::move(part));
        }
    }
    if (windows.empty()) {
        return Error{ErrorCode::invalidRequest,
                     "There is nothing to score: it takes at least two tokens."};
    }
    return windows;
}

}  // namespace apertura::cli
