#include <algorithm>
#include <array>

#include "inference/text/template/hosts.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

std::string describeType(const Value& value) {
    return value.is(Kind::none) ? "None" : typeName(value) + " object";
}

// The bounds of a slice as Python computes them: first index, end, how many, and the step.
struct Span {
    std::int64_t first = 0;
    std::int64_t end = 0;
    std::int64_t count = 0;
    std::int64_t step = 1;
};

std::optional<std::int64_t> sliceBound(const Value& value) {
    if (value.is(Kind::none)) {
        return std::nullopt;
    }
    requireDefined(value);
    if (!value.isIntegral()) {
        fail("the bounds of a slice must be integers, not " + typeName(value));
    }
    return value.asInteger();
}

Span spanOf(std::array<Value, 3> parts, std::int64_t length) {
    Span span;
    span.step = sliceBound(parts[2]).value_or(1);
    if (span.step == 0) {
        fail("the step of a slice cannot be zero");
    }
    const bool forward = span.step > 0;
    const auto clamp = [&](std::int64_t index) {
        if (index < 0) {
            index = index < -length ? -1 : index + length;
            return std::max<std::int64_t>(index, forward ? 0 : -1);
        }
        return std::min(index, forward ? length : length - 1);
    };
    const std::optional<std::int64_t> from = sliceBound(parts[0]);
    const std::optional<std::int64_t> to = sliceBound(parts[1]);
    span.first = from ? clamp(*from) : forward ? 0 : length - 1;
    span.end = to ? clamp(*to) : forward ? length : -1;
    const std::int64_t distance = forward ? span.end - span.first : span.first - span.end;
    if (distance > 0) {
        // No negation of the step: it could be the lowest integer.
        const std::int64_t steps =
            forward ? (distance - 1) / span.step : -((distance - 1) / span.step);
        span.count = steps + 1;
    }
    return span;
}

// As Python has it: the bounds are places of the sliced range, which may lie one step beyond its
// items.
Value sliceRange(const RangeObject& range, const Span& span) {
    const auto at = [&](std::int64_t index) {
        std::int64_t place = 0;
        if (__builtin_mul_overflow(index, range.step, &place) ||
            __builtin_add_overflow(place, range.start, &place)) {
            fail("an integer does not fit 64 bits");
        }
        return place;
    };
    std::int64_t step = 0;
    if (__builtin_mul_overflow(range.step, span.step, &step)) {
        fail("an integer does not fit 64 bits");
    }
    return makeRange(at(span.first), at(span.end), step);
}

Value sliceText(Interpreter& interpreter, const Value& value, const Span& span) {
    const TextObject& source = value.textObject();
    interpreter.budget().stepText(source.text.size());
    std::string result;
    if (span.step == 1) {
        const std::size_t begin =
            unicode::offset(source.text, static_cast<std::size_t>(span.first));
        const std::string_view rest = std::string_view(source.text).substr(begin);
        result = rest.substr(0, unicode::offset(rest, static_cast<std::size_t>(span.count)));
    } else {
        const std::vector<char32_t> codePoints = unicode::decode(source.text);
        for (std::int64_t i = 0; i < span.count; ++i) {
            unicode::append(result,
                            codePoints[static_cast<std::size_t>(span.first + i * span.step)]);
        }
    }
    return interpreter.text(std::move(result), source.safe);
}

}  // namespace

bool Interpreter::findAttribute(const Value& object, std::string_view name, Value& result) {
    if (object.is(Kind::host)) {
        return object.as<HostObject>().attribute(*this, name, result);
    }
    if (object.is(Kind::nameSpace)) {
        const Value* member = object.as<NamespaceObject>().find(name);
        if (member != nullptr) {
            result = *member;
        }
        return member != nullptr;
    }
    if (object.is(Kind::tuple) && object.as<ListObject>().group &&
        (name == "grouper" || name == "list")) {
        result = object.items()[name == "grouper" ? 0 : 1];
        return true;
    }
    if (const Builtin* method = findMethod(object, name)) {
        result = makeMethod(m_budget, *method, object);
        return true;
    }
    if (isUnsafeAttribute(object, name)) {
        result = makeUndefined("the attribute '" + std::string(name) + "' of a value of type " +
                               typeName(object) + " is not safe to use");
        return true;
    }
    return false;
}

Value Interpreter::getAttribute(const Value& object, std::string_view name) {
    requireDefined(object);
    Value result;
    if (findAttribute(object, name, result)) {
        return result;
    }
    if (object.is(Kind::dict)) {
        if (const Value* item = object.as<DictObject>().find(name)) {
            return *item;
        }
    }
    return makeUndefined("a value of type " + describeType(object) + " has no attribute '" +
                         std::string(name) + "'");
}

bool Interpreter::findTextAt(const Value& value, std::int64_t index, Value& result) {
    const TextObject& source = value.textObject();
    const auto length = static_cast<std::int64_t>(source.length);
    index = index < 0 ? index + length : index;
    if (index < 0 || index >= length) {
        return false;
    }
    std::size_t begin = static_cast<std::size_t>(index);
    if (!source.ascii()) {
        m_budget.stepText(source.text.size());
        begin = unicode::offset(source.text, begin);
    }
    std::size_t end = begin;
    unicode::next(source.text, end);
    result = text(source.text.substr(begin, end - begin), source.safe);
    return true;
}

// object[key] without attributes; false if there is no such item or the object has none.
bool Interpreter::findItem(const Value& object, const Value& key, Value& result) {
    if (object.is(Kind::dict)) {
        if (!isHashable(key)) {
            return false;
        }
        const Value* item = object.as<DictObject>().find(key);
        if (item != nullptr) {
            result = *item;
        }
        return item != nullptr;
    }
    if (!key.isIntegral()) {
        return false;
    }
    std::int64_t index = key.asInteger();
    if (object.is(Kind::text)) {
        return findTextAt(object, index, result);
    }
    if (!object.isSequence() && !object.is(Kind::range)) {
        return false;
    }
    const std::int64_t length = knownLength(object);
    index = index < 0 ? index + length : index;
    if (index < 0 || index >= length) {
        return false;
    }
    result = object.is(Kind::range) ? Value::integer(object.as<RangeObject>().at(index))
                                    : object.items()[static_cast<std::size_t>(index)];
    return true;
}

Value Interpreter::getItem(const Value& object, const Value& key) {
    requireDefined(object);
    Value result;
    if (findItem(object, key, result)) {
        return result;
    }
    if (key.is(Kind::text)) {
        if (findAttribute(object, key.text(), result)) {
            return result;
        }
        return makeUndefined("a value of type " + describeType(object) + " has no attribute '" +
                             key.text() + "'");
    }
    return makeUndefined("a value of type " + describeType(object) + " has no element " +
                         toRepr(m_budget, key));
}

Value Interpreter::slice(const Postfix& postfix, const Value& value, const ScopePtr& scope) {
    const auto part = [&](const ExpressionPtr& expression) {
        return expression ? evaluate(*expression, scope) : Value::none();
    };
    const std::array<Value, 3> parts = {part(postfix.from), part(postfix.to), part(postfix.step)};
    requireDefined(value);
    if (!value.is(Kind::text) && !value.isSequence() && !value.is(Kind::range)) {
        fail("a value of type " + typeName(value) + " cannot be sliced");
    }
    const Span span = spanOf(parts, knownLength(value));
    if (value.is(Kind::text)) {
        return sliceText(*this, value, span);
    }
    if (value.is(Kind::range)) {
        return sliceRange(value.as<RangeObject>(), span);
    }
    std::vector<Value> items;
    items.reserve(static_cast<std::size_t>(span.count));
    for (std::int64_t i = 0; i < span.count; ++i) {
        items.push_back(value.items()[static_cast<std::size_t>(span.first + i * span.step)]);
    }
    return value.is(Kind::tuple) ? makeTuple(m_budget, std::move(items))
                                 : makeList(m_budget, std::move(items));
}

}  // namespace apertura::jinja
