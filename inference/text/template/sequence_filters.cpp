#include <utility>

#include "inference/text/template/filter_support.h"
#include "inference/text/template/hosts.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"

namespace apertura::jinja {

namespace {

Value length(Interpreter&, Bound& arguments) {
    const std::int64_t size = knownLength(arguments.at(0));
    if (size < 0) {
        fail("a value of type " + typeName(arguments.at(0)) + " has no length");
    }
    return Value::integer(size);
}

Value list(Interpreter& interpreter, Bound& arguments) {
    return makeList(interpreter.budget(), interpreter.collect(arguments.at(0)));
}

Value first(Interpreter& interpreter, Bound& arguments) {
    const auto iterator = interpreter.iterate(arguments.at(0));
    Value item;
    return iterator->next(interpreter, item) ? item : makeUndefined("there is no first item");
}

Value last(Interpreter& interpreter, Bound& arguments) {
    if (arguments.at(0).is(Kind::iterator)) {
        fail("what is read once has no last item");
    }
    const std::vector<Value> items = interpreter.collect(arguments.at(0));
    return items.empty() ? makeUndefined("there is no last item") : items.back();
}

Value reverse(Interpreter& interpreter, Bound& arguments) {
    const Value& value = arguments.at(0);
    std::vector<Value> items = interpreter.collect(value);
    std::reverse(items.begin(), items.end());
    if (value.is(Kind::text)) {
        std::string text;
        for (const Value& character : items) {
            text += character.text();
        }
        return interpreter.text(std::move(text), value.textObject().safe);
    }
    return value.is(Kind::iterator) ? makeList(interpreter.budget(), std::move(items))
                                    : makeIterator(interpreter.budget(), std::move(items));
}

Value join(Interpreter& interpreter, Bound& arguments) {
    Budget& budget = interpreter.budget();
    const std::string separator = arguments.has(1) ? toText(budget, arguments.at(1)) : "";
    const AttributePath path(interpreter, arguments.valueOr(2, Value::none()));
    const auto iterator = interpreter.iterate(arguments.at(0));
    TextBuilder out(budget);
    bool atStart = true;
    for (Value item; iterator->next(interpreter, item);) {
        budget.step();
        out.append(atStart ? "" : separator);
        atStart = false;
        appendText(out, budget, path.read(interpreter, item));
    }
    return interpreter.text(out.take());
}

// Several attributes, divided by commas, make a list of keys.
std::vector<Value> sortKeys(Interpreter& interpreter, const std::vector<Value>& items,
                            const Value& attribute, bool caseSensitive) {
    std::vector<AttributePath> paths;
    if (attribute.is(Kind::text)) {
        const std::string& names = attribute.text();
        for (std::size_t begin = 0; begin <= names.size();) {
            const std::size_t end = std::min(names.find(',', begin), names.size());
            paths.emplace_back(interpreter, interpreter.text(names.substr(begin, end - begin)));
            begin = end + 1;
        }
    } else {
        paths.emplace_back(interpreter, attribute);
    }
    std::vector<Value> keys;
    for (const Value& item : items) {
        std::vector<Value> parts;
        for (const AttributePath& path : paths) {
            parts.push_back(foldedKey(interpreter, path.read(interpreter, item), caseSensitive));
        }
        // As in Jinja2, where keys are always lists, undefined ones are equal and not an error.
        const bool plain = parts.size() == 1 && !parts[0].is(Kind::undefined);
        keys.push_back(plain ? parts[0] : makeList(interpreter.budget(), std::move(parts)));
    }
    return keys;
}

Value sort(Interpreter& interpreter, Bound& arguments) {
    std::vector<Value> items = interpreter.collect(arguments.at(0));
    const std::vector<Value> keys =
        sortKeys(interpreter, items, arguments.valueOr(3, Value::none()), arguments.flag(2, false));
    sortByKeys(interpreter, items, keys,
               arguments.flag(1, false) ? SortOrder::descending : SortOrder::ascending);
    return makeList(interpreter.budget(), std::move(items));
}

Value unique(Interpreter& interpreter, Bound& arguments) {
    const AttributePath path(interpreter, arguments.valueOr(2, Value::none()));
    const bool caseSensitive = arguments.flag(1, false);
    const auto seen = makeDict(interpreter.budget());
    std::vector<Value> items;
    for (const Value& item : interpreter.collect(arguments.at(0))) {
        const Value key = foldedKey(interpreter, path.read(interpreter, item), caseSensitive);
        if (seen->find(key) == nullptr) {
            seen->set(interpreter.budget(), key, Value::none());
            items.push_back(item);
        }
    }
    return makeIterator(interpreter.budget(), std::move(items));
}

Value extreme(Interpreter& interpreter, Bound& arguments, SortOrder wanted) {
    const bool caseSensitive = arguments.flag(1, false);
    const AttributePath path(interpreter, arguments.valueOr(2, Value::none()));
    Budget& budget = interpreter.budget();
    std::optional<Value> best;
    Value bestKey;
    for (const Value& item : interpreter.collect(arguments.at(0))) {
        const Value key = foldedKey(interpreter, path.read(interpreter, item), caseSensitive);
        const bool better = !best || (wanted == SortOrder::ascending ? less(budget, key, bestKey)
                                                                     : less(budget, bestKey, key));
        if (better) {
            best = item;
            bestKey = key;
        }
    }
    return best ? *best
                : makeUndefined("an empty sequence has neither a least nor a greatest item");
}

Value least(Interpreter& interpreter, Bound& arguments) {
    return extreme(interpreter, arguments, SortOrder::ascending);
}

Value greatest(Interpreter& interpreter, Bound& arguments) {
    return extreme(interpreter, arguments, SortOrder::descending);
}

Value sum(Interpreter& interpreter, Bound& arguments) {
    const AttributePath path(interpreter, arguments.valueOr(1, Value::none()));
    Value total = arguments.valueOr(2, Value::integer(0));
    if (total.is(Kind::text)) {
        fail("sum cannot add texts");
    }
    const auto iterator = interpreter.iterate(arguments.at(0));
    for (Value item; iterator->next(interpreter, item);) {
        total = calculate(interpreter, Operator::add, total, path.read(interpreter, item));
    }
    return total;
}

Value batch(Interpreter& interpreter, Bound& arguments) {
    const std::int64_t size = arguments.integer(1, 0);
    const Value fill = arguments.valueOr(2, Value::none());
    Budget& budget = interpreter.budget();
    std::vector<Value> batches;
    std::vector<Value> current;
    for (const Value& item : interpreter.collect(arguments.at(0))) {
        if (static_cast<std::int64_t>(current.size()) == size) {
            batches.push_back(makeList(budget, std::exchange(current, {})));
        }
        current.push_back(item);
    }
    if (!current.empty()) {
        const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(size, 0));
        if (!fill.is(Kind::none) && current.size() < wanted) {
            Budget::checkItems(wanted);
            current.resize(wanted, fill);
        }
        batches.push_back(makeList(budget, std::move(current)));
    }
    return makeIterator(budget, std::move(batches));
}

Value slice(Interpreter& interpreter, Bound& arguments) {
    const std::int64_t count = arguments.integer(1, 0);
    if (count == 0) {
        fail("slice needs at least one slice");
    }
    Budget& budget = interpreter.budget();
    const std::vector<Value> items = interpreter.collect(arguments.at(0));
    const auto slices = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
    Budget::checkItems(slices);
    std::vector<Value> result;
    auto next = items.begin();
    for (std::size_t i = 0; i < slices; ++i) {
        const bool longer = i < items.size() % slices;
        const auto end =
            next + static_cast<std::ptrdiff_t>(items.size() / slices + (longer ? 1 : 0));
        std::vector<Value> part(next, end);
        if (arguments.has(2) && !arguments.at(2).is(Kind::none) && !longer) {
            part.push_back(arguments.at(2));
        }
        result.push_back(makeList(budget, std::move(part)));
        next = end;
    }
    return makeIterator(budget, std::move(result));
}

Value makeGroup(Interpreter& interpreter, const Value& key, std::vector<Value> members) {
    const Value group =
        makeTuple(interpreter.budget(), {key, makeList(interpreter.budget(), std::move(members))});
    group.as<ListObject>().group = true;
    return group;
}

Value groupBy(Interpreter& interpreter, Bound& arguments) {
    const bool caseSensitive = arguments.flag(3, false);
    const auto otherwise = arguments.has(2) && !arguments.at(2).is(Kind::none)
                               ? std::optional<Value>(arguments.at(2))
                               : std::nullopt;
    const AttributePath path(interpreter, arguments.at(1), otherwise);
    std::vector<Value> items = interpreter.collect(arguments.at(0));
    std::vector<Value> keys;
    for (const Value& item : items) {
        keys.push_back(foldedKey(interpreter, path.read(interpreter, item), caseSensitive));
    }
    sortByKeys(interpreter, items, keys, SortOrder::ascending);
    std::vector<Value> groups;
    std::vector<Value> members;
    Value current;
    for (const Value& item : items) {
        const Value key = foldedKey(interpreter, path.read(interpreter, item), caseSensitive);
        if (!members.empty() && !equal(interpreter.budget(), key, current)) {
            const Value named = path.read(interpreter, members.front());
            groups.push_back(makeGroup(interpreter, named, std::exchange(members, {})));
        }
        current = key;
        members.push_back(item);
    }
    if (!members.empty()) {
        const Value named = path.read(interpreter, members.front());
        groups.push_back(makeGroup(interpreter, named, std::move(members)));
    }
    return makeList(interpreter.budget(), std::move(groups));
}

std::vector<Value> pairsOf(Interpreter& interpreter, const Value& dict) {
    if (!dict.is(Kind::dict)) {
        requireDefined(dict);
        fail("a value of type " + typeName(dict) + " has no items: it is no dict");
    }
    std::vector<Value> pairs;
    for (const auto& [key, value] : dict.as<DictObject>().entries) {
        pairs.push_back(makeTuple(interpreter.budget(), {key, value}));
    }
    return pairs;
}

Value items(Interpreter& interpreter, Bound& arguments) {
    if (arguments.at(0).is(Kind::undefined)) {
        return makeIterator(interpreter.budget(), {});
    }
    return makeIterator(interpreter.budget(), pairsOf(interpreter, arguments.at(0)));
}

Value dictSort(Interpreter& interpreter, Bound& arguments) {
    const std::string by = arguments.has(2) ? arguments.text(2) : "key";
    if (by != "key" && by != "value") {
        fail("dictsort sorts by 'key' or by 'value'");
    }
    std::vector<Value> pairs = pairsOf(interpreter, arguments.at(0));
    std::vector<Value> keys;
    for (const Value& pair : pairs) {
        keys.push_back(
            foldedKey(interpreter, pair.items()[by == "key" ? 0 : 1], arguments.flag(1, false)));
    }
    sortByKeys(interpreter, pairs, keys,
               arguments.flag(3, false) ? SortOrder::descending : SortOrder::ascending);
    return makeList(interpreter.budget(), std::move(pairs));
}

Value orDefault(Interpreter& interpreter, Bound& arguments) {
    const Value& value = arguments.at(0);
    const bool missing = value.is(Kind::undefined) || (arguments.flag(2, false) && !isTrue(value));
    return missing ? arguments.valueOr(1, interpreter.text("")) : value;
}

Value attribute(Interpreter& interpreter, Bound& arguments) {
    requireDefined(arguments.at(0));
    Value result;
    const std::string name = toText(interpreter.budget(), arguments.at(1));
    if (interpreter.findAttribute(arguments.at(0), name, result)) {
        return result;
    }
    return makeUndefined("a value of type " + typeName(arguments.at(0)) + " has no attribute '" +
                         name + "'");
}

}  // namespace

const Builtins& sequenceFilters() {
    static const Builtins table = {
        {"length", length, {"obj"}},
        {"count", length, {"obj"}},
        {"list", list, {"value"}},
        {"first", first, {"seq"}},
        {"last", last, {"seq"}},
        {"reverse", reverse, {"value"}},
        {"join", join, {"value", "d?", "attribute?"}},
        {"sort", sort, {"value", "reverse?", "case_sensitive?", "attribute?"}},
        {"unique", unique, {"value", "case_sensitive?", "attribute?"}},
        {"min", least, {"value", "case_sensitive?", "attribute?"}},
        {"max", greatest, {"value", "case_sensitive?", "attribute?"}},
        {"sum", sum, {"iterable", "attribute?", "start?"}},
        {"batch", batch, {"value", "linecount", "fill_with?"}},
        {"slice", slice, {"value", "slices", "fill_with?"}},
        {"groupby", groupBy, {"value", "attribute", "default?", "case_sensitive?"}},
        {"items", items, {"value"}},
        {"dictsort", dictSort, {"value", "case_sensitive?", "by?", "reverse?"}},
        {"default", orDefault, {"value", "default_value?", "boolean?"}},
        {"d", orDefault, {"value", "default_value?", "boolean?"}},
        {"attr", attribute, {"obj", "name"}},
    };
    return table;
}

}  // namespace apertura::jinja
