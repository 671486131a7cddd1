// What operators do. Errors are Python's: types that do not go together, division by zero; and
// integers beyond 64 bits.
#pragma once

#include "inference/text/template/expression.h"
#include "inference/text/template/value.h"

namespace apertura::jinja {

bool equal(Budget& budget, const Value& a, const Value& b);
// a < b; fails unless they can be ordered. `symbol` is the operator to name then.
bool less(Budget& budget, const Value& a, const Value& b, const char* symbol = "<");
bool compare(Interpreter& interpreter, Comparison comparison, const Value& a, const Value& b);
bool contains(Interpreter& interpreter, const Value& container, const Value& item);
Value calculate(Interpreter& interpreter, Operator symbol, const Value& a, const Value& b);
Value negate(const Value& value);
Value checkSign(const Value& value);  // +x
// Lists, dicts and tuples that hold them cannot be keys.
bool isHashable(const Value& value);
void requireHashable(const Value& value);

}  // namespace apertura::jinja
