#include "inference/weights/json_fields.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace apertura {

namespace {

constexpr int kMaximumDepth = 64;

class FileDescriptor {
public:
    explicit FileDescriptor(int value) : m_value(value) {}
    ~FileDescriptor() {
        if (m_value >= 0) {
            ::close(m_value);
        }
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int get() const { return m_value; }

private:
    int m_value;
};

// The most faithful short form of a number for a sentence.
std::string valueText(const Json& value) {
    return shown(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

// Watches a parse: how deep it nests and whether an object names a key twice.
struct StructureWatch {
    std::vector<std::set<std::string>> keysByDepth;
    bool tooDeep = false;
    std::string repeatedKey;

    template <typename JsonType>
    bool operator()(int depth, nlohmann::detail::parse_event_t event, JsonType& parsed) {
        using Event = nlohmann::detail::parse_event_t;
        if (depth > kMaximumDepth) {
            tooDeep = true;
            return false;
        }
        const auto level = static_cast<std::size_t>(depth);
        if (event == Event::object_start) {
            keysByDepth.resize(std::max(keysByDepth.size(), level + 2));
            keysByDepth[level + 1].clear();
        } else if (event == Event::key && repeatedKey.empty()) {
            const auto& key = parsed.template get_ref<const std::string&>();
            if (!keysByDepth[level].insert(key).second) {
                repeatedKey = key.empty() ? "\"\"" : key;
            }
        }
        return true;
    }
};

}  // namespace

std::string shown(const std::string& text) {
    constexpr std::size_t kLongest = 120;
    std::string result = text.substr(0, kLongest);
    for (char& c : result) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            c = '?';
        }
    }
    if (text.size() > kLongest) {
        // Never half a character: continuation bytes at the cut go with their beginning.
        while (!result.empty() && (static_cast<unsigned char>(result.back()) & 0xC0U) == 0x80U) {
            result.pop_back();
        }
        if (!result.empty() && (static_cast<unsigned char>(result.back()) & 0x80U) != 0) {
            result.pop_back();
        }
        result += "...";
    }
    return result;
}

std::string quoted(const std::string& text) {
    return std::string(1, '"').append(shown(text)).append(1, '"');
}

Error fileError(ErrorCode code, const std::string& file, const std::string& sentence) {
    return {code, file + ": " + sentence};
}

bool isThere(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

Result<std::string> readTextFile(const std::filesystem::path& file, const std::string& label,
                                 std::int64_t maximumBytes) {
    // O_NONBLOCK: a pipe in the place of the file must not wait for a writer.
    const FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status = {};
    if (descriptor.get() < 0 || ::fstat(descriptor.get(), &status) != 0) {
        return fileError(ErrorCode::fileMissing, label,
                         std::string("the file cannot be opened (") + std::strerror(errno) + ").");
    }
    if (!S_ISREG(status.st_mode)) {
        return fileError(ErrorCode::fileMissing, label, "this is not a regular file.");
    }
    if (status.st_size > maximumBytes) {
        return fileError(ErrorCode::fileCorrupt, label,
                         "the file has " + std::to_string(status.st_size) +
                             " bytes, more than the " + std::to_string(maximumBytes) +
                             " that are read of it.");
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::read(descriptor.get(), text.data() + done, text.size() - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fileError(
                ErrorCode::fileMissing, label,
                std::string("the file cannot be read (") + std::strerror(errno) + ").");
        }
        if (count == 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    text.resize(done);
    return text;
}

template <typename JsonType>
Result<JsonType> parseJsonObject(const std::string& text, const std::string& label) {
    StructureWatch watch;
    JsonType parsed;
    try {
        parsed = JsonType::parse(text, std::ref(watch));
    } catch (const nlohmann::json::exception& fault) {
        const auto* parseFault = dynamic_cast<const nlohmann::json::parse_error*>(&fault);
        const std::string place = parseFault != nullptr
                                      ? " (byte " + std::to_string(parseFault->byte) + ")"
                                      : std::string();
        return fileError(ErrorCode::fileCorrupt, label, "this is not valid JSON" + place + ".");
    }
    if (watch.tooDeep) {
        return fileError(
            ErrorCode::fileCorrupt, label,
            "the JSON is nested deeper than " + std::to_string(kMaximumDepth) + " levels.");
    }
    if (!parsed.is_object()) {
        return fileError(ErrorCode::fileCorrupt, label, "the root of the JSON is not an object.");
    }
    if (!watch.repeatedKey.empty()) {
        return fileError(ErrorCode::fileCorrupt, label,
                         "the JSON names " + shown(watch.repeatedKey) + " twice in one object.");
    }
    return parsed;
}

template Result<Json> parseJsonObject<Json>(const std::string&, const std::string&);
template Result<nlohmann::json> parseJsonObject<nlohmann::json>(const std::string&,
                                                                const std::string&);

FieldReader::FieldReader(const Json& object, std::string where, std::string path)
    : m_object(object), m_where(std::move(where)), m_path(std::move(path)) {}

bool FieldReader::has(const char* name) const {
    const auto found = m_object.find(name);
    return found != m_object.end() && !found->is_null();
}

void FieldReader::refuse(ErrorCode code, const char* name, const std::string& sentence) {
    if (!m_error) {
        m_error = fileError(code, m_where, m_path + name + " " + sentence);
    }
}

std::int64_t FieldReader::checkedInteger(const Json& value, const char* name, std::int64_t least,
                                         std::int64_t most) {
    if (!value.is_number_integer()) {
        refuse(ErrorCode::fileCorrupt, name, "is " + valueText(value) + ", not a whole number.");
        return least;
    }
    const bool tooLarge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    const std::int64_t number = tooLarge ? INT64_MAX : value.get<std::int64_t>();
    if (tooLarge || number < least || number > most) {
        refuse(ErrorCode::fileCorrupt, name,
               "is " + valueText(value) + ", but must lie between " + std::to_string(least) +
                   " and " + std::to_string(most) + ".");
        return least;
    }
    return number;
}

std::int64_t FieldReader::integer(const char* name, std::int64_t least, std::int64_t most,
                                  std::optional<std::int64_t> fallback) {
    if (!has(name)) {
        if (!fallback) {
            refuse(ErrorCode::fileCorrupt, name, "is missing.");
        }
        return fallback.value_or(least);
    }
    return checkedInteger(m_object[name], name, least, most);
}

double FieldReader::number(const char* name, double least, double most,
                           std::optional<double> fallback) {
    if (!has(name)) {
        if (!fallback) {
            refuse(ErrorCode::fileCorrupt, name, "is missing.");
        }
        return fallback.value_or(least);
    }
    const Json& value = m_object[name];
    const double number = value.is_number() ? value.get<double>() : NAN;
    if (!(number >= least && number <= most)) {
        refuse(ErrorCode::fileCorrupt, name,
               "is " + valueText(value) + ", but must be a number between " + Json(least).dump() +
                   " and " + Json(most).dump() + ".");
        return least;
    }
    return number;
}

bool FieldReader::boolean(const char* name, bool fallback) {
    if (!has(name)) {
        return fallback;
    }
    const Json& value = m_object[name];
    if (!value.is_boolean()) {
        refuse(ErrorCode::fileCorrupt, name, "is " + valueText(value) + ", not true or false.");
        return fallback;
    }
    return value.get<bool>();
}

std::string FieldReader::text(const char* name, const std::string& fallback) {
    if (!has(name)) {
        return fallback;
    }
    const Json& value = m_object[name];
    if (!value.is_string()) {
        refuse(ErrorCode::fileCorrupt, name, "is " + valueText(value) + ", not a text.");
        return fallback;
    }
    return value.get<std::string>();
}

std::vector<std::int32_t> FieldReader::tokenIds(const char* name, std::int64_t most) {
    std::vector<std::int32_t> ids;
    if (!has(name)) {
        return ids;
    }
    const Json& value = m_object[name];
    const Json list = value.is_array() ? value : Json::array({value});
    for (const Json& id : list) {
        ids.push_back(static_cast<std::int32_t>(checkedInteger(id, name, 0, most)));
    }
    return ids;
}

}  // namespace apertura
