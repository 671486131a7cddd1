#include "inference/text/tokenizer_file.h"

#include <optional>
#include <utility>

namespace apertura {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kLongestQuote = 60;                     // bytes
constexpr std::size_t kLargestFile = std::size_t{256} << 20;  // the largest known is 35 MB

// Receives the parser's events (the interface and its names are nlohmann's).
class Reader {
public:
    explicit Reader(TokenizerFile& file) : m_file(file) {}

    const std::optional<Error>& error() const { return m_error; }

    bool null() { return value(nullptr); }
    bool boolean(bool is) { return value(is); }
    bool number_integer(Json::number_integer_t number) { return value(number); }
    bool number_unsigned(Json::number_unsigned_t number);
    bool number_float(Json::number_float_t number, const std::string&) { return value(number); }
    bool string(std::string& text);
    bool binary(Json::binary_t&) { return fail("holds binary data"); }
    bool start_object(std::size_t);
    bool key(std::string& name);
    bool end_object() { return end(); }
    bool start_array(std::size_t);
    bool end_array() { return end(); }
    bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
        return fail("is not valid JSON from byte " + std::to_string(position) + " on");
    }

private:
    enum class Section { rest, vocabulary, merges, pair };

    bool fail(const std::string& what);
    bool inModel(std::string_view key) const {
        return m_open.size() == 2 && m_topKey == "model" && m_modelKey == key;
    }
    bool value(Json json);
    Json* place(Json json);
    bool open(Json json);
    bool end();
    bool mergeText(std::string_view text);
    TokenizerFile::Slice keep(std::string_view text);

    TokenizerFile& m_file;
    Section m_section = Section::rest;
    std::vector<Json*> m_open;  // the containers of `rest` that are not closed yet
    std::string m_key;
    std::string m_topKey;
    std::string m_modelKey;
    TokenizerFile::Slice m_piece;
    std::vector<TokenizerFile::Slice> m_pair;
    std::optional<Error> m_error;
};

bool Reader::fail(const std::string& what) {
    if (!m_error) {
        m_error = corruptTokenizer(what);
    }
    return false;
}

TokenizerFile::Slice Reader::keep(std::string_view text) {
    const auto begin = static_cast<std::uint32_t>(m_file.texts.size());
    m_file.texts += text;
    return {begin, static_cast<std::uint32_t>(text.size())};
}

Json* Reader::place(Json json) {
    if (m_open.empty()) {
        m_file.rest = std::move(json);
        return &m_file.rest;
    }
    Json& parent = *m_open.back();
    if (parent.is_array()) {
        parent.push_back(std::move(json));
        return &parent.back();
    }
    Json& member = parent[m_key];
    member = std::move(json);
    return &member;
}

bool Reader::value(Json json) {
    switch (m_section) {
        case Section::rest:
            if (inModel("vocab") || inModel("merges")) {
                return fail("model." + m_modelKey + " has the wrong type");
            }
            place(std::move(json));
            return true;
        case Section::vocabulary:
            return fail("model.vocab holds an id that is not a whole number from 0 on");
        case Section::merges:
        case Section::pair:
            return fail("model.merges holds an entry that is not a pair of texts");
    }
    return false;
}

bool Reader::number_unsigned(Json::number_unsigned_t number) {
    if (m_section != Section::vocabulary) {
        return value(number);
    }
    if (number > 0xFFFFFFFFu) {
        return fail("model.vocab holds the id " + std::to_string(number) + ", which is too large");
    }
    m_file.vocabulary.push_back({m_piece, static_cast<std::int64_t>(number)});
    return true;
}

bool Reader::string(std::string& text) {
    if (m_section == Section::merges) {
        return mergeText(text);
    }
    if (m_section == Section::pair) {
        m_pair.push_back(keep(text));
        return true;
    }
    return value(std::move(text));
}

// A merge in the older spelling, "left right".
bool Reader::mergeText(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
        return fail(
            "model.merges holds an entry that is not two tokens with one space between them");
    }
    const TokenizerFile::Slice left = keep(text.substr(0, space));
    m_file.merges.push_back({left, keep(text.substr(space + 1))});
    return true;
}

bool Reader::key(std::string& name) {
    if (m_section == Section::vocabulary) {
        m_piece = keep(name);
        return true;
    }
    if (m_open.size() == 1) {
        m_topKey = name;
        if (name == "model" && m_file.rest.contains(name)) {
            return fail("model is there twice");
        }
    } else if (m_open.size() == 2) {
        m_modelKey = name;
    }
    m_key = std::move(name);
    return true;
}

bool Reader::open(Json json) {
    if (m_open.size() >= kDeepest) {
        return fail("is nested deeper than " + std::to_string(kDeepest) + " levels");
    }
    m_open.push_back(place(std::move(json)));
    return true;
}

bool Reader::start_object(std::size_t) {
    if (m_section == Section::rest && inModel("vocab")) {
        if (std::exchange(m_file.hasVocabulary, true)) {
            return fail("model.vocab is there twice");
        }
        m_section = Section::vocabulary;
        return true;
    }
    if (m_section != Section::rest || inModel("merges")) {
        return value(nullptr);
    }
    return open(Json::object());
}

bool Reader::start_array(std::size_t) {
    if (m_section == Section::rest && inModel("merges")) {
        if (std::exchange(m_file.hasMerges, true)) {
            return fail("model.merges is there twice");
        }
        m_section = Section::merges;
        return true;
    }
    if (m_section == Section::merges) {
        m_section = Section::pair;
        m_pair.clear();
        return true;
    }
    if (m_section != Section::rest || inModel("vocab")) {
        return value(nullptr);
    }
    return open(Json::array());
}

bool Reader::end() {
    switch (m_section) {
        case Section::rest:
            m_open.pop_back();
            return true;
        case Section::pair:
            if (m_pair.size() != 2) {
                return fail("model.merges holds an entry that is not a pair of texts");
            }
            m_file.merges.push_back({m_pair[0], m_pair[1]});
            m_section = Section::merges;
            return true;
        case Section::vocabulary:
        case Section::merges:
            m_section = Section::rest;
            return true;
    }
    return false;
}

}  // namespace

Error corruptTokenizer(const std::string& what) {
    return {ErrorCode::fileCorrupt, "tokenizer.json: " + what + "."};
}

Error unsupportedTokenizer(const std::string& what) {
    return {ErrorCode::unsupported, "tokenizer.json: " + what + "."};
}

std::string inQuotes(std::string_view text) {
    std::string shown(text.substr(0, kLongestQuote));
    if (shown.size() < text.size()) {
        shown += "...";
    }
    return Json(std::move(shown)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<TokenizerFile> parseTokenizerFile(std::string_view json) {
    if (json.size() > kLargestFile) {
        return corruptTokenizer("has " + std::to_string(json.size()) +
                                " bytes, more than any tokenizer needs");
    }
    TokenizerFile file;
    Reader reader(file);
    Json::sax_parse(json.begin(), json.end(), &reader);
    if (reader.error()) {
        return *reader.error();
    }
    if (!file.rest.is_object()) {
        return corruptTokenizer("is not a JSON object");
    }
    return file;
}

}  // namespace apertura
