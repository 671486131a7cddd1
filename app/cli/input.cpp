#include "app/cli/input.h"

#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>

namespace apertura::cli {

namespace {

constexpr const char* kSeparators = ", \t\r\n";

Error memberError(const char* name, const char* expected) {
    return {ErrorCode::invalidRequest,
            std::string("The request's ") + name + " must be " + expected + "."};
}

// Whether brackets nest deeper than any honest request: writing JSON out again takes stack for each
// level. Brackets inside of texts do not count.
bool nestsTooDeep(const std::string& json) {
    constexpr int kDeepest = 500;
    int depth = 0;
    bool inText = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (inText) {
            i += c == '\\' ? 1 : 0;
            inText = c != '"';
        } else if (c == '"') {
            inText = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kDeepest) {
                return true;
            }
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

Json errorToJson(const Error& error) {
    Json answer = {{"error", error.message}};
    if (error.line > 0) {
        answer["line"] = error.line;
    }
    return answer;
}

}  // namespace

Result<std::string> readTextFile(const std::filesystem::path& file) {
    std::error_code failure;
    std::ifstream stream(file, std::ios::binary);
    if (std::filesystem::is_directory(file, failure) || !stream) {
        return Error{ErrorCode::fileMissing, file.string() + " cannot be read."};
    }
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

std::string readStandardInput() {
    return {std::istreambuf_iterator<char>(std::cin), {}};
}

std::optional<std::vector<TokenId>> parseIds(const std::string& text) {
    std::vector<TokenId> ids;
    for (std::size_t at = text.find_first_not_of(kSeparators); at != std::string::npos;
         at = text.find_first_not_of(kSeparators, at)) {
        const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
        TokenId id = 0;
        const auto parsed = std::from_chars(text.data() + at, text.data() + end, id);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + end) {
            return std::nullopt;
        }
        ids.push_back(id);
        at = end;
    }
    return ids;
}

Result<std::vector<TokenId>> readIdsFile(const std::filesystem::path& file) {
    const auto text = readTextFile(file);
    if (!text) {
        return text.error();
    }
    auto ids = parseIds(*text);
    if (!ids) {
        return Error{ErrorCode::fileCorrupt,
                     file.string() + " must hold token ids and nothing else."};
    }
    return *std::move(ids);
}

Result<std::string> readJsonArrayFile(const std::filesystem::path& file) {
    const auto text = readTextFile(file);
    if (!text) {
        return text.error();
    }
    if (!Json::parse(*text, nullptr, false).is_array()) {
        return Error{ErrorCode::fileCorrupt, file.string() + " must be a JSON array."};
    }
    return *text;
}

void answerLines(const std::function<Result<Json>(const Json& request)>& answer) {
    for (std::string line; std::getline(std::cin, line);) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) {
            continue;
        }
        if (nestsTooDeep(line)) {
            printJson({{"error", "The request is nested too deep."}});
            continue;
        }
        const Json request = Json::parse(line, nullptr, false);
        if (!request.is_object()) {
            printJson({{"error", "The request is not a JSON object."}});
            continue;
        }
        const auto answered = answer(request);
        printJson(answered ? *answered : errorToJson(answered.error()));
    }
}

Result<std::optional<std::string>> textMember(const Json& request, const char* name) {
    const auto found = request.find(name);
    if (found == request.end() || found->is_null()) {
        return std::optional<std::string>();
    }
    if (!found->is_string()) {
        return memberError(name, "a text");
    }
    return std::optional(found->get<std::string>());
}

Result<bool> flagMember(const Json& request, const char* name, bool fallback) {
    const auto found = request.find(name);
    if (found == request.end() || found->is_null()) {
        return fallback;
    }
    if (!found->is_boolean()) {
        return memberError(name, "true or false");
    }
    return found->get<bool>();
}

}  // namespace apertura::cli
