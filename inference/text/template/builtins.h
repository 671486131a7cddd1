// Filters, tests, methods and functions: how they are declared, found and called.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference/text/template/value.h"

namespace apertura::jinja {

// The arguments of a call as given.
struct Arguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> keywords;
};

// The arguments of a call by the parameters of what is called.
class Bound {
public:
    bool has(std::size_t parameter) const { return m_slots[parameter].has_value(); }
    const Value& at(std::size_t parameter) const { return *m_slots[parameter]; }
    Value valueOr(std::size_t parameter, Value otherwise) const {
        return has(parameter) ? at(parameter) : std::move(otherwise);
    }
    bool flag(std::size_t parameter, bool otherwise) const {
        return has(parameter) ? isTrue(at(parameter)) : otherwise;
    }
    // Fails unless it is an integer.
    std::int64_t integer(std::size_t parameter, std::int64_t otherwise) const;
    // Fails unless it is a text.
    const std::string& text(std::size_t parameter) const;
    Arguments& rest() { return m_rest; }  // of a variadic builtin

private:
    friend struct Builtin;
    std::vector<std::optional<Value>> m_slots;
    Arguments m_rest;
};

struct Builtin {
    const char* name;
    Value (*function)(Interpreter& interpreter, Bound& arguments);
    // In order; the value filtered or tested, or a method's receiver, comes first. "x?" may be left
    // out; a last "*" takes any further arguments.
    std::vector<const char*> parameters;

    // Errors: too many arguments, missing or unknown ones.
    Value call(Interpreter& interpreter, Arguments&& arguments) const;
};

using Builtins = std::vector<Builtin>;

// Null if there is none of that name.
const Builtin* findFilter(std::string_view name);
const Builtin* findTest(std::string_view name);
const Builtin* findMethod(const Value& receiver, std::string_view name);
const Builtin* findGlobal(std::string_view name);

// Whether Python has a method or attribute of that name which the sandbox hides: append, __class__,
// ..
bool isUnsafeAttribute(const Value& receiver, std::string_view name);

// A builtin as a value; with a receiver, its method.
Value makeFunction(Budget& budget, const Builtin& builtin);
Value makeMethod(Budget& budget, const Builtin& builtin, const Value& receiver);

// The tables, one a file.
const Builtins& textFilters();
const Builtins& layoutFilters();
const Builtins& numberFilters();
const Builtins& sequenceFilters();
const Builtins& selectionFilters();
const Builtins& textMethods();
const Builtins& textPartMethods();
const Builtins& dictMethods();
const Builtins& listMethods();
const Builtins& tupleMethods();  // of ranges too
const Builtins& globalFunctions();
const Builtins& valueTests();

}  // namespace apertura::jinja
