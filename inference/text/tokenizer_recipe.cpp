#include "inference/text/tokenizer_recipe.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "inference/text/tokenizer_file.h"

namespace apertura {

namespace {

using Json = nlohmann::json;

// Replacements one after the other may feed each other; a text must not grow beyond reason by that.
constexpr double kLargestGrowth = 1 << 20;

std::string shown(const Json& value) {
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= 60 ? text : std::string(value.type_name());
}

// A member, or null where there is none or `object` is no object.
const Json& member(const Json& object, const char* name) {
    static const Json kNull;
    if (!object.is_object()) {
        return kNull;
    }
    const auto found = object.find(name);
    return found == object.end() ? kNull : *found;
}

bool isText(const Json& value, std::string_view text) {
    return value.is_string() && value.get_ref<const std::string&>() == text;
}

bool isType(const Json& component, std::string_view type) {
    return isText(member(component, "type"), type);
}

Error unknownComponent(const std::string& where, const Json& component, const std::string& known) {
    const Json& type = member(component, "type");
    return unsupportedTokenizer(where + " is " + shown(type.is_null() ? component : type) +
                                ", but only " + known + " is read");
}

// Null, false, and the empty text, which all mean "not used".
bool isOff(const Json& value) {
    return value.is_null() || value == false || isText(value, "") ||
           (value.is_number() && value.get<double>() == 0.0);
}

Result<void> requireOff(const Json& object, const std::string& where,
                        std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (!isOff(member(object, name))) {
            return unsupportedTokenizer(where + "." + name + " is " + shown(member(object, name)) +
                                        ", but only files without it are read");
        }
    }
    return {};
}

// The components of a Sequence, or the component itself; none for null.
std::vector<const Json*> componentsOf(const Json& component, const char* list) {
    std::vector<const Json*> components;
    if (isType(component, "Sequence") && member(component, list).is_array()) {
        for (const Json& part : member(component, list)) {
            components.push_back(&part);
        }
    } else if (!component.is_null()) {
        components.push_back(&component);
    }
    return components;
}

Result<void> readNormalizer(const Json& file, TokenizerRecipe& recipe) {
    double growth = 1.0;
    for (const Json* component : componentsOf(member(file, "normalizer"), "normalizers")) {
        const Json& pattern = member(member(*component, "pattern"), "String");
        const Json& content = member(*component, "content");
        if (!isType(*component, "Replace")) {
            return unknownComponent("normalizer", *component, "Replace");
        }
        if (!pattern.is_string() || !content.is_string() || isText(pattern, "")) {
            return unsupportedTokenizer(
                "normalizer.Replace is " + shown(*component) +
                ", but only a pattern of kind String, not empty, and a content are read");
        }
        recipe.replacements.push_back({pattern.get<std::string>(), content.get<std::string>()});
        const TokenizerRecipe::Replacement& last = recipe.replacements.back();
        growth *= std::max(
            1.0, static_cast<double>(last.to.size()) / static_cast<double>(last.from.size()));
    }
    if (growth > kLargestGrowth) {
        return unsupportedTokenizer("normalizer may make a text more than a million times as long");
    }
    return {};
}

Result<void> readByteLevel(const Json& component, const std::string& where) {
    if (!isType(component, "ByteLevel")) {
        return unknownComponent(where, component, "Split followed by ByteLevel");
    }
    // Absent means true for both.
    for (const char* name : {"add_prefix_space", "use_regex"}) {
        if (member(component, name) != false) {
            return unsupportedTokenizer(where + ".ByteLevel." + name + " is not false");
        }
    }
    return {};
}

Result<void> readPreTokenizer(const Json& file, TokenizerRecipe& recipe) {
    const std::string where = "pre_tokenizer";
    const auto components = componentsOf(member(file, "pre_tokenizer"), "pretokenizers");
    if (components.empty() || components.size() > 2) {
        return unknownComponent(where, member(file, "pre_tokenizer"),
                                "Split followed by ByteLevel");
    }
    if (components.size() == 2) {
        const Json& split = *components.front();
        const Json& pattern = member(member(split, "pattern"), "Regex");
        if (!isType(split, "Split")) {
            return unknownComponent(where, split, "Split followed by ByteLevel");
        }
        if (!isText(member(split, "behavior"), "Isolated") || !isOff(member(split, "invert"))) {
            return unsupportedTokenizer(where +
                                        ".Split has another behavior than Isolated without invert");
        }
        if (!pattern.is_string()) {
            return unsupportedTokenizer(where + ".Split.pattern is " +
                                        shown(member(split, "pattern")) +
                                        ", but only a Regex is read");
        }
        recipe.pattern = pattern.get<std::string>();
    }
    return readByteLevel(*components.back(), where);
}

Result<void> readModel(const Json& file, TokenizerRecipe& recipe) {
    const Json& model = member(file, "model");
    if (!isType(model, "BPE")) {
        return unsupportedTokenizer("model.type is " + shown(member(model, "type")) +
                                    ", but only BPE is read");
    }
    // unk_token and fuse_unk have no effect where every byte is a token.
    if (Result<void> off = requireOff(
            model, "model",
            {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"});
        !off) {
        return off;
    }
    const Json& ignoreMerges = member(model, "ignore_merges");
    if (!ignoreMerges.is_null() && !ignoreMerges.is_boolean()) {
        return unsupportedTokenizer("model.ignore_merges is " + shown(ignoreMerges) +
                                    ", neither true nor false");
    }
    recipe.ignoreMerges = ignoreMerges == true;
    return {};
}

// The id that a TemplateProcessing gives the token it calls `name`.
Result<TokenId> idOfTemplateToken(const Json& component, const std::string& name) {
    const Json& ids = member(member(member(component, "special_tokens"), name.c_str()), "ids");
    if (!ids.is_array() || ids.size() != 1 || !ids[0].is_number_unsigned() ||
        ids[0].get<std::uint64_t>() > 0x7FFFFFFF) {
        return unsupportedTokenizer("post_processor.special_tokens does not give " + shown(name) +
                                    " one id");
    }
    return static_cast<TokenId>(ids[0].get<std::uint64_t>());
}

Result<void> readTemplate(const Json& component, TokenizerRecipe& recipe) {
    const Json& parts = member(component, "single");
    const std::size_t count = parts.is_array() ? parts.size() : 0;
    if (count < 1 || count > 2 ||
        !isText(member(member(parts[count - 1], "Sequence"), "id"), "A")) {
        return unsupportedTokenizer("post_processor.single is " + shown(parts) +
                                    ", but only at most one token in front of the text is read");
    }
    if (count == 1) {
        return {};
    }
    const Json& name = member(member(parts[0], "SpecialToken"), "id");
    if (!name.is_string() || recipe.bos) {
        return unsupportedTokenizer(
            "post_processor.single puts something else than one token in front");
    }
    const Result<TokenId> id = idOfTemplateToken(component, name.get<std::string>());
    if (!id) {
        return id.error();
    }
    recipe.bos = *id;
    return {};
}

Result<void> readPostProcessor(const Json& file, TokenizerRecipe& recipe) {
    for (const Json* component : componentsOf(member(file, "post_processor"), "processors")) {
        // ByteLevel only moves offsets here.
        if (isType(*component, "ByteLevel")) {
            continue;
        }
        if (!isType(*component, "TemplateProcessing")) {
            return unknownComponent("post_processor", *component, "TemplateProcessing");
        }
        if (Result<void> read = readTemplate(*component, recipe); !read) {
            return read;
        }
    }
    return {};
}

Result<void> readDecoder(const Json& file) {
    const Json& decoder = member(file, "decoder");
    return isType(decoder, "ByteLevel") ? Result<void>()
                                        : unknownComponent("decoder", decoder, "ByteLevel");
}

}  // namespace

Result<TokenizerRecipe> readTokenizerRecipe(const Json& file) {
    TokenizerRecipe recipe;
    for (const auto read : {readModel, readNormalizer, readPreTokenizer, readPostProcessor}) {
        if (Result<void> result = read(file, recipe); !result) {
            return result.error();
        }
    }
    if (Result<void> result = readDecoder(file); !result) {
        return result.error();
    }
    return recipe;
}

}  // namespace apertura
