// What may stand after `is`.
#include "inference/text/template/hosts.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"
#include "inference/text/template/text_methods.h"

namespace apertura::jinja {

namespace {

template <Kind kind>
Value isKind(Interpreter&, Bound& arguments) {
    return Value::boolean(arguments.at(0).is(kind));
}

Value isDefined(Interpreter&, Bound& arguments) {
    return Value::boolean(!arguments.at(0).is(Kind::undefined));
}

template <bool truth>
Value isConstant(Interpreter&, Bound& arguments) {
    return Value::boolean(arguments.at(0).is(Kind::boolean) &&
                          arguments.at(0).asBoolean() == truth);
}

Value isNumberTest(Interpreter&, Bound& arguments) {
    return Value::boolean(arguments.at(0).isNumber());
}

Value isSequence(Interpreter&, Bound& arguments) {
    const Value& value = arguments.at(0);
    return Value::boolean(knownLength(value) >= 0 && !value.is(Kind::view));
}

Value isIterable(Interpreter&, Bound& arguments) {
    return Value::boolean(knownLength(arguments.at(0)) >= 0 || arguments.at(0).is(Kind::iterator));
}

Value isCallable(Interpreter&, Bound& arguments) {
    const Value& value = arguments.at(0);
    return Value::boolean(value.is(Kind::host) && value.as<HostObject>().callable());
}

Value isLowerText(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(
        isCasedAs(toText(interpreter.budget(), arguments.at(0)), LetterCase::lower));
}

Value isUpperText(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(
        isCasedAs(toText(interpreter.budget(), arguments.at(0)), LetterCase::upper));
}

Value isEscaped(Interpreter&, Bound& arguments) {
    return Value::boolean(arguments.at(0).is(Kind::text) && arguments.at(0).textObject().safe);
}

Value isSameAs(Interpreter& interpreter, Bound& arguments) {
    const Value& a = arguments.at(0);
    const Value& b = arguments.at(1);
    if (a.kind() != b.kind()) {
        return Value::boolean(false);
    }
    const bool scalar = a.isNumber() || a.is(Kind::none);
    return Value::boolean(scalar ? equal(interpreter.budget(), a, b) : a.object() == b.object());
}

bool hasRemainder(Interpreter& interpreter, const Value& value, const Value& divisor,
                  std::int64_t remainder) {
    const Value rest = calculate(interpreter, Operator::modulo, value, divisor);
    return equal(interpreter.budget(), rest, Value::integer(remainder));
}

Value isOdd(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(hasRemainder(interpreter, arguments.at(0), Value::integer(2), 1));
}

Value isEven(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(hasRemainder(interpreter, arguments.at(0), Value::integer(2), 0));
}

Value isDivisible(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(hasRemainder(interpreter, arguments.at(0), arguments.at(1), 0));
}

template <Comparison comparison>
Value isCompared(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(compare(interpreter, comparison, arguments.at(0), arguments.at(1)));
}

Value isFilter(Interpreter&, Bound& arguments) {
    const Value& name = arguments.at(0);
    return Value::boolean(name.is(Kind::text) && findFilter(name.text()) != nullptr);
}

Value isTest(Interpreter&, Bound& arguments) {
    const Value& name = arguments.at(0);
    return Value::boolean(name.is(Kind::text) && findTest(name.text()) != nullptr);
}

}  // namespace

const Builtins& valueTests() {
    static const Builtins table = {
        {"defined", isDefined, {"value"}},
        {"undefined", isKind<Kind::undefined>, {"value"}},
        {"none", isKind<Kind::none>, {"value"}},
        {"boolean", isKind<Kind::boolean>, {"value"}},
        {"true", isConstant<true>, {"value"}},
        {"false", isConstant<false>, {"value"}},
        {"integer", isKind<Kind::integer>, {"value"}},
        {"float", isKind<Kind::real>, {"value"}},
        {"number", isNumberTest, {"value"}},
        {"string", isKind<Kind::text>, {"value"}},
        {"mapping", isKind<Kind::dict>, {"value"}},
        {"sequence", isSequence, {"value"}},
        {"iterable", isIterable, {"value"}},
        {"callable", isCallable, {"value"}},
        {"lower", isLowerText, {"value"}},
        {"upper", isUpperText, {"value"}},
        {"escaped", isEscaped, {"value"}},
        {"sameas", isSameAs, {"value", "other"}},
        {"odd", isOdd, {"value"}},
        {"even", isEven, {"value"}},
        {"divisibleby", isDivisible, {"value", "num"}},
        {"filter", isFilter, {"value"}},
        {"test", isTest, {"value"}},
        {"in", isCompared<Comparison::in>, {"value", "seq"}},
        {"eq", isCompared<Comparison::equal>, {"a", "b"}},
        {"==", isCompared<Comparison::equal>, {"a", "b"}},
        {"equalto", isCompared<Comparison::equal>, {"a", "b"}},
        {"ne", isCompared<Comparison::notEqual>, {"a", "b"}},
        {"!=", isCompared<Comparison::notEqual>, {"a", "b"}},
        {"lt", isCompared<Comparison::less>, {"a", "b"}},
        {"<", isCompared<Comparison::less>, {"a", "b"}},
        {"lessthan", isCompared<Comparison::less>, {"a", "b"}},
        {"le", isCompared<Comparison::lessEqual>, {"a", "b"}},
        {"<=", isCompared<Comparison::lessEqual>, {"a", "b"}},
        {"gt", isCompared<Comparison::greater>, {"a", "b"}},
        {">", isCompared<Comparison::greater>, {"a", "b"}},
        {"greaterthan", isCompared<Comparison::greater>, {"a", "b"}},
        {"ge", isCompared<Comparison::greaterEqual>, {"a", "b"}},
        {">=", isCompared<Comparison::greaterEqual>, {"a", "b"}},
    };
    return table;
}

}  // namespace apertura::jinja
