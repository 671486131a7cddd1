#include "inference/text/template/operations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "inference/text/template/interpreter.h"
#include "inference/text/template/text.h"
#include "inference/text/template/text_parts.h"
#include "kernels/check.h"

namespace apertura::jinja {

namespace {

// -1, 0, 1. Exact: long double holds every 64-bit integer.
int orderNumbers(const Value& a, const Value& b) {
    if (a.isIntegral() && b.isIntegral()) {
        return a.asInteger() < b.asInteger() ? -1 : a.asInteger() > b.asInteger() ? 1 : 0;
    }
    const auto number = [](const Value& value) {
        return value.isIntegral() ? static_cast<long double>(value.asInteger())
                                  : static_cast<long double>(value.asReal());
    };
    return number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
}

bool isNan(const Value& value) {
    return value.is(Kind::real) && std::isnan(value.asReal());
}

bool equalDicts(Budget& budget, const DictObject& a, const DictObject& b) {
    if (a.entries.size() != b.entries.size()) {
        return false;
    }
    return std::all_of(a.entries.begin(), a.entries.end(), [&](const auto& entry) {
        const Value* other = b.find(entry.first);
        return other != nullptr && equal(budget, entry.second, *other);
    });
}

bool equalRanges(const RangeObject& a, const RangeObject& b) {
    return a.length == b.length && (a.length == 0 || a.start == b.start) &&
           (a.length < 2 || a.step == b.step);
}

// Order between values of different kinds in the index of a dict.
int keyRank(const Value& value) {
    return value.isNumber() ? static_cast<int>(Kind::integer) : static_cast<int>(value.kind());
}

std::string named(const Value& value) {
    return "'" + typeName(value) + "'";
}

[[noreturn]] void failOperands(const char* symbol, const Value& a, const Value& b) {
    requireDefined(a);
    requireDefined(b);
    fail(std::string("'") + symbol + "' does not go with " + named(a) + " and " + named(b));
}

[[noreturn]] void failOverflow() {
    fail("an integer does not fit 64 bits");
}

std::int64_t floorQuotient(std::int64_t a, std::int64_t b) {
    if (b == 0) {
        fail("division by zero");
    }
    if (b == -1) {
        std::int64_t negative = 0;
        if (__builtin_sub_overflow(std::int64_t{0}, a, &negative)) {
            failOverflow();
        }
        return negative;
    }
    const std::int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::int64_t floorRemainder(std::int64_t a, std::int64_t b) {
    if (b == 0) {
        fail("division by zero");
    }
    if (b == -1) {
        return 0;
    }
    const std::int64_t remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double floorRemainder(double a, double b) {
    double remainder = std::fmod(a, b);
    if (remainder != 0 ? (remainder < 0) != (b < 0) : false) {
        remainder += b;
    }
    return remainder == 0 ? std::copysign(0.0, b) : remainder;
}

double floorQuotient(double a, double b) {
    const double quotient = (a - floorRemainder(a, b)) / b;
    if (quotient == 0) {
        return std::copysign(0.0, a / b);
    }
    const double floored = std::floor(quotient);
    return quotient - floored > 0.5 ? floored + 1 : floored;
}

Value power(const Value& a, const Value& b) {
    if (!a.isIntegral() || !b.isIntegral() || b.asInteger() < 0) {
        if (a.asReal() == 0 && b.asReal() < 0) {
            fail("zero cannot be raised to a negative power");
        }
        if (a.asReal() < 0 && std::floor(b.asReal()) != b.asReal()) {
            fail("a negative number has no such power");
        }
        const double result = std::pow(a.asReal(), b.asReal());
        if (std::isinf(result) && std::isfinite(a.asReal()) && std::isfinite(b.asReal())) {
            fail("a power is too large");
        }
        return Value::real(result);
    }
    std::int64_t result = 1;
    std::int64_t base = a.asInteger();
    for (std::int64_t exponent = b.asInteger(); exponent > 0;) {
        if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) {
            failOverflow();
        }
        exponent /= 2;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
            failOverflow();
        }
    }
    return Value::integer(result);
}

Value calculateIntegers(Operator symbol, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    bool overflow = false;
    switch (symbol) {
        case Operator::add:
            overflow = __builtin_add_overflow(a, b, &result);
            break;
        case Operator::subtract:
            overflow = __builtin_sub_overflow(a, b, &result);
            break;
        case Operator::multiply:
            overflow = __builtin_mul_overflow(a, b, &result);
            break;
        case Operator::floorDivide:
            result = floorQuotient(a, b);
            break;
        case Operator::modulo:
            result = floorRemainder(a, b);
            break;
        case Operator::divide:
        case Operator::power:
            CHECK(false);
    }
    if (overflow) {
        failOverflow();
    }
    return Value::integer(result);
}

Value calculateNumbers(Operator symbol, const Value& a, const Value& b) {
    if (symbol == Operator::power) {
        return power(a, b);
    }
    if (a.isIntegral() && b.isIntegral() && symbol != Operator::divide) {
        return calculateIntegers(symbol, a.asInteger(), b.asInteger());
    }
    const double x = a.asReal();
    const double y = b.asReal();
    switch (symbol) {
        case Operator::add:
            return Value::real(x + y);
        case Operator::subtract:
            return Value::real(x - y);
        case Operator::multiply:
            return Value::real(x * y);
        default:
            break;
    }
    if (y == 0) {
        fail("division by zero");
    }
    return Value::real(symbol == Operator::divide        ? x / y
                       : symbol == Operator::floorDivide ? floorQuotient(x, y)
                                                         : floorRemainder(x, y));
}

Value addTexts(Interpreter& interpreter, const Value& a, const Value& b) {
    const bool safe = a.textObject().safe || b.textObject().safe;
    Budget& budget = interpreter.budget();
    TextBuilder sum(budget);
    sum.append(safe ? escaped(budget, a) : a.text());
    sum.append(safe ? escaped(budget, b) : b.text());
    return interpreter.text(sum.take(), safe);
}

Value addSequences(Interpreter& interpreter, const Value& a, const Value& b) {
    Budget::checkItems(a.items().size() + b.items().size());
    interpreter.budget().step(a.items().size() + b.items().size());
    std::vector<Value> items = a.items();
    items.insert(items.end(), b.items().begin(), b.items().end());
    return a.is(Kind::list) ? makeList(interpreter.budget(), std::move(items))
                            : makeTuple(interpreter.budget(), std::move(items));
}

Value repeat(Interpreter& interpreter, const Value& sequence, std::int64_t times) {
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
    if (sequence.is(Kind::text)) {
        TextBuilder text(interpreter.budget());
        text.append(count, sequence.text());
        return interpreter.text(text.take(), sequence.textObject().safe);
    }
    const std::size_t size = sequence.items().size();
    Budget::checkItems(size == 0 || count == 0 ? 0 : count > kMaxItems ? count : count * size);
    interpreter.budget().step(size == 0 ? 0 : count * size);
    std::vector<Value> items;
    for (std::size_t i = 0; size > 0 && i < count; ++i) {
        items.insert(items.end(), sequence.items().begin(), sequence.items().end());
    }
    return sequence.is(Kind::list) ? makeList(interpreter.budget(), std::move(items))
                                   : makeTuple(interpreter.budget(), std::move(items));
}

const char* symbolOf(Operator symbol) {
    switch (symbol) {
        case Operator::add:
            return "+";
        case Operator::subtract:
            return "-";
        case Operator::multiply:
            return "*";
        case Operator::divide:
            return "/";
        case Operator::floorDivide:
            return "//";
        case Operator::modulo:
            return "%";
        case Operator::power:
            return "**";
    }
    return "";
}

}  // namespace

bool equal(Budget& budget, const Value& a, const Value& b) {
    budget.step();
    if (a.isNumber() && b.isNumber()) {
        return !isNan(a) && !isNan(b) && orderNumbers(a, b) == 0;
    }
    if (a.kind() != b.kind()) {
        return false;
    }
    if (a.is(Kind::undefined) || a.is(Kind::none) || a.object() == b.object()) {
        return true;
    }
    if (a.is(Kind::text)) {
        budget.stepText(a.text().size());
        return a.text() == b.text();
    }
    if (a.isSequence()) {
        return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                          [&](const Value& x, const Value& y) { return equal(budget, x, y); });
    }
    if (a.is(Kind::dict)) {
        return equalDicts(budget, a.as<DictObject>(), b.as<DictObject>());
    }
    return a.is(Kind::range) && equalRanges(a.as<RangeObject>(), b.as<RangeObject>());
}

bool less(Budget& budget, const Value& a, const Value& b, const char* symbol) {
    budget.step();
    if (a.isNumber() && b.isNumber()) {
        return !isNan(a) && !isNan(b) && orderNumbers(a, b) < 0;
    }
    if (a.kind() != b.kind() || (!a.is(Kind::text) && !a.isSequence())) {
        failOperands(symbol, a, b);
    }
    if (a.is(Kind::text)) {
        budget.stepText(std::min(a.text().size(), b.text().size()));
        return a.text() < b.text();  // UTF-8 sorts as its code points do
    }
    const std::size_t common = std::min(a.items().size(), b.items().size());
    for (std::size_t i = 0; i < common; ++i) {
        if (!equal(budget, a.items()[i], b.items()[i])) {
            return less(budget, a.items()[i], b.items()[i], symbol);
        }
    }
    return a.items().size() < b.items().size();
}

bool compare(Interpreter& interpreter, Comparison comparison, const Value& a, const Value& b) {
    Budget& budget = interpreter.budget();
    const bool unordered = isNan(a) || isNan(b);
    switch (comparison) {
        case Comparison::equal:
            return equal(budget, a, b);
        case Comparison::notEqual:
            return !equal(budget, a, b);
        case Comparison::less:
            return less(budget, a, b, "<");
        case Comparison::lessEqual:
            return !less(budget, b, a, "<=") && !unordered;
        case Comparison::greater:
            return less(budget, b, a, ">");
        case Comparison::greaterEqual:
            return !less(budget, a, b, ">=") && !unordered;
        case Comparison::in:
            return contains(interpreter, b, a);
        case Comparison::notIn:
            return !contains(interpreter, b, a);
    }
    return false;
}

bool contains(Interpreter& interpreter, const Value& container, const Value& item) {
    if (container.is(Kind::text)) {
        if (!item.is(Kind::text)) {
            requireDefined(item);
            fail("only a text can be 'in' a text, not a value of type " + named(item));
        }
        interpreter.budget().stepText(container.text().size());
        return findFirst(container.text(), item.text()) != std::string_view::npos;
    }
    const bool keys = container.is(Kind::view) && container.as<ViewObject>().what == ViewOf::keys;
    if (container.is(Kind::dict) || keys) {
        requireHashable(item);
        const Value& dict = keys ? container.as<ViewObject>().dict : container;
        return dict.as<DictObject>().find(item) != nullptr;
    }
    const auto iterator = interpreter.iterate(container);
    for (Value candidate; iterator->next(interpreter, candidate);) {
        if (equal(interpreter.budget(), candidate, item)) {
            return true;
        }
    }
    return false;
}

Value calculate(Interpreter& interpreter, Operator symbol, const Value& a, const Value& b) {
    interpreter.budget().step();
    if (symbol == Operator::modulo && a.is(Kind::text)) {
        return formatPercent(interpreter, a, b);
    }
    if (a.isNumber() && b.isNumber()) {
        return calculateNumbers(symbol, a, b);
    }
    if (symbol == Operator::add && a.kind() == b.kind()) {
        if (a.is(Kind::text)) {
            return addTexts(interpreter, a, b);
        }
        if (a.isSequence()) {
            return addSequences(interpreter, a, b);
        }
    }
    const auto isRepeatable = [](const Value& value) {
        return value.is(Kind::text) || value.isSequence();
    };
    if (symbol == Operator::multiply && isRepeatable(a) && b.isIntegral()) {
        return repeat(interpreter, a, b.asInteger());
    }
    if (symbol == Operator::multiply && isRepeatable(b) && a.isIntegral()) {
        return repeat(interpreter, b, a.asInteger());
    }
    failOperands(symbolOf(symbol), a, b);
}

Value negate(const Value& value) {
    if (value.is(Kind::real)) {
        return Value::real(-value.asReal());
    }
    checkSign(value);
    if (value.asInteger() == std::numeric_limits<std::int64_t>::min()) {
        failOverflow();
    }
    return Value::integer(-value.asInteger());
}

Value checkSign(const Value& value) {
    requireDefined(value);
    if (!value.isNumber()) {
        fail("a value of type " + named(value) + " has no sign");
    }
    return value.is(Kind::boolean) ? Value::integer(value.asInteger()) : value;
}

bool isHashable(const Value& value) {
    return value.is(Kind::tuple) ? value.as<ListObject>().hashable
                                 : !value.is(Kind::list) && !value.is(Kind::dict);
}

void requireHashable(const Value& value) {
    if (!isHashable(value)) {
        fail("a value of type " + named(value) + " cannot be a key");
    }
}

bool KeyLess::operator()(const Value& a, const Value& b) const {
    budget->step();
    if (keyRank(a) != keyRank(b)) {
        return keyRank(a) < keyRank(b);
    }
    if (a.isNumber()) {
        return isNan(a) || isNan(b) ? isNan(a) && !isNan(b) : orderNumbers(a, b) < 0;
    }
    if (a.is(Kind::undefined) || a.is(Kind::none) || a.object() == b.object()) {
        return false;
    }
    if (a.is(Kind::text)) {
        return a.text() < b.text();
    }
    if (a.is(Kind::tuple)) {
        return std::lexicographical_compare(a.items().begin(), a.items().end(), b.items().begin(),
                                            b.items().end(), *this);
    }
    return std::less<>()(a.object().get(), b.object().get());
}

}  // namespace apertura::jinja
