#include <charconv>
#include <cmath>

#include "inference/text/template/filter_support.h"
#include "inference/text/template/literals.h"
#include "inference/text/template/operations.h"

namespace apertura::jinja {

namespace {

constexpr int kMostDigits = 400;  // a double has no digit beyond

Value toInteger(Interpreter&, Bound& arguments) {
    const Value& value = arguments.at(0);
    requireDefined(value);
    const Value otherwise = arguments.valueOr(1, Value::integer(0));
    if (value.isIntegral()) {
        return Value::integer(value.asInteger());
    }
    if (value.is(Kind::real)) {
        return std::isnan(value.asReal()) ? otherwise : Value::integer(wholePart(value.asReal()));
    }
    if (!value.is(Kind::text)) {
        return otherwise;
    }
    const std::int64_t base = arguments.integer(2, 10);
    if (base != 0 && (base < 2 || base > 36)) {
        fail("int needs a base of 0 or from 2 to 36");
    }
    if (const auto number = parseInteger(value.text(), static_cast<int>(base))) {
        return Value::integer(*number);
    }
    const std::optional<double> real = parseReal(value.text());
    return real && std::isfinite(*real) ? Value::integer(wholePart(*real)) : otherwise;
}

Value toReal(Interpreter&, Bound& arguments) {
    const Value& value = arguments.at(0);
    requireDefined(value);
    if (value.isNumber()) {
        return Value::real(value.asReal());
    }
    const std::optional<double> number =
        value.is(Kind::text) ? parseReal(value.text()) : std::nullopt;
    return number ? Value::real(*number) : arguments.valueOr(1, Value::real(0));
}

const Value& requireNumber(const Value& value, const char* filter) {
    requireDefined(value);
    if (!value.isNumber()) {
        fail(std::string(filter) + " needs a number, not a value of type " + typeName(value));
    }
    return value;
}

Value absolute(Interpreter&, Bound& arguments) {
    const Value& value = requireNumber(arguments.at(0), "abs");
    if (value.is(Kind::real)) {
        return Value::real(std::fabs(value.asReal()));
    }
    return value.asInteger() < 0 ? negate(value) : checkSign(value);
}

// round(): halves to even, of the exact binary value.
double rounded(double number, std::int64_t digits) {
    if (!std::isfinite(number) || digits > kMostDigits) {
        return number;
    }
    if (digits < 0) {
        const double unit =
            std::pow(10.0, static_cast<double>(std::min<std::int64_t>(-digits, kMostDigits)));
        return std::isinf(unit) ? std::copysign(0.0, number) : std::nearbyint(number / unit) * unit;
    }
    const std::string text = realText(number, 'f', static_cast<std::size_t>(digits));
    return parseReal(text).value_or(number);
}

Value roundInteger(std::int64_t number, std::int64_t digits) {
    if (digits >= 0) {
        return Value::integer(number);
    }
    std::int64_t unit = 1;
    for (; digits < 0; ++digits) {
        if (__builtin_mul_overflow(unit, std::int64_t{10}, &unit)) {
            return Value::integer(0);
        }
    }
    const std::int64_t down = number / unit - (number % unit < 0 ? 1 : 0);
    const std::int64_t rest = ((number % unit) + unit) % unit;
    const bool up = rest > unit - rest || (rest == unit - rest && down % 2 != 0);
    std::int64_t result = 0;
    if (__builtin_mul_overflow(down + (up ? 1 : 0), unit, &result)) {
        fail("an integer does not fit 64 bits");
    }
    return Value::integer(result);
}

Value round(Interpreter&, Bound& arguments) {
    const Value& value = requireNumber(arguments.at(0), "round");
    const std::int64_t digits = arguments.integer(1, 0);
    const std::string method = arguments.has(2) ? arguments.text(2) : "common";
    if (method == "common") {
        return value.isIntegral() ? roundInteger(value.asInteger(), digits)
                                  : Value::real(rounded(value.asReal(), digits));
    }
    if (method != "ceil" && method != "floor") {
        fail("round knows the methods common, ceil and floor");
    }
    const double unit = std::pow(10.0, static_cast<double>(digits));
    const double scaled = value.asReal() * unit;
    // Adding zero takes the sign from zero: Python's ceil and floor give integers.
    return Value::real(((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) + 0.0) / unit);
}

}  // namespace

const Builtins& numberFilters() {
    static const Builtins table = {
        {"int", toInteger, {"value", "default?", "base?"}},
        {"float", toReal, {"value", "default?"}},
        {"abs", absolute, {"x"}},
        {"round", round, {"value", "precision?", "method?"}},
    };
    return table;
}

}  // namespace apertura::jinja
