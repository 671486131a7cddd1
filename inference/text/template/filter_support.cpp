#include "inference/text/template/filter_support.h"

#include <numeric>

#include "inference/text/template/literals.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

Value softText(Interpreter& interpreter, const Value& value) {
    return value.is(Kind::text) ? value : interpreter.text(toText(interpreter.budget(), value));
}

AttributePath::AttributePath(Interpreter& interpreter, const Value& attribute,
                             std::optional<Value> otherwise)
    : m_otherwise(std::move(otherwise)) {
    if (attribute.is(Kind::none)) {
        return;
    }
    if (!attribute.is(Kind::text)) {
        m_parts.push_back(attribute);
        return;
    }
    const std::string& path = attribute.text();
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('.', begin), path.size());
        const std::string part = path.substr(begin, end - begin);
        const bool digits =
            !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
        m_parts.push_back(digits ? Value::integer(parseInteger(part, 10).value_or(0))
                                 : interpreter.text(part));
        begin = end + 1;
    }
}

Value AttributePath::read(Interpreter& interpreter, const Value& item) const {
    Value value = item;
    for (const Value& part : m_parts) {
        interpreter.budget().step();
        value = interpreter.getItem(value, part);
        if (m_otherwise && value.is(Kind::undefined)) {
            value = *m_otherwise;
        }
    }
    return value;
}

Value foldedKey(Interpreter& interpreter, const Value& key, bool caseSensitive) {
    if (caseSensitive || !key.is(Kind::text)) {
        return key;
    }
    return interpreter.text(unicode::lower(key.text()));
}

void sortByKeys(Interpreter& interpreter, std::vector<Value>& items, const std::vector<Value>& keys,
                SortOrder order) {
    Budget& budget = interpreter.budget();
    std::vector<std::size_t> places(items.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
        return order == SortOrder::ascending ? less(budget, keys[a], keys[b])
                                             : less(budget, keys[b], keys[a]);
    });
    std::vector<Value> sorted;
    sorted.reserve(items.size());
    for (const std::size_t place : places) {
        sorted.push_back(items[place]);
    }
    items = std::move(sorted);
}

}  // namespace apertura::jinja
