// What several filters and methods share.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "inference/text/template/builtins.h"
#include "inference/text/template/interpreter.h"

namespace apertura::jinja {

// The value itself if it is a text, else str() of it.
Value softText(Interpreter& interpreter, const Value& value);

// 'a.b.0' or a number: what `attribute=` of filters reads from each item.
class AttributePath {
public:
    AttributePath() = default;  // the item itself
    AttributePath(Interpreter& interpreter, const Value& attribute,
                  std::optional<Value> otherwise = {});
    Value read(Interpreter& interpreter, const Value& item) const;

private:
    std::vector<Value> m_parts;
    std::optional<Value> m_otherwise;  // in place of what is undefined
};

// The key by which text is compared without regard to case.
Value foldedKey(Interpreter& interpreter, const Value& key, bool caseSensitive);

enum class SortOrder { ascending, descending };
// Stable. `keys` belong to `items`.
void sortByKeys(Interpreter& interpreter, std::vector<Value>& items, const std::vector<Value>& keys,
                SortOrder order);

}  // namespace apertura::jinja
