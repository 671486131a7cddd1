// The values with a behaviour of their own that the interpreter makes.
#pragma once

#include <memory>
#include <optional>

#include "inference/text/template/interpreter.h"

namespace apertura::jinja {

struct MacroObject : HostObject {
    const MacroStatement* macro = nullptr;
    std::string name;  // "" for the caller of a call block
    ScopePtr scope;    // where it was defined
    std::vector<std::string> parameters;

    std::string typeName() const override { return "Macro"; }
    std::string describe() const override { return "<Macro '" + name + "'>"; }
    bool attribute(Interpreter& interpreter, std::string_view attributeName,
                   Value& result) override;
    Value call(Interpreter& interpreter, Arguments& arguments) override;
};

// The variable `loop`, and the iteration itself.
struct LoopObject : HostObject, std::enable_shared_from_this<LoopObject> {
    const LoopStatement* statement = nullptr;
    ScopePtr scope;  // around the loop, for a recursive one
    std::shared_ptr<IteratorObject> iterator;
    int level = 0;  // loops that this one is called from
    std::int64_t index = -1;
    std::int64_t length = -1;  // -1: not known yet
    std::optional<Value> previous, current, following, changing;

    // Moves to the next item; false at the end.
    bool advance(Interpreter& interpreter);
    bool peek(Interpreter& interpreter);  // makes `following` known, if there is one
    std::int64_t findLength(Interpreter& interpreter);

    void forget() override { std::exchange(changing, std::nullopt).reset(); }
    std::string typeName() const override { return "LoopContext"; }
    bool callable() const override { return statement->recursive; }
    bool attribute(Interpreter& interpreter, std::string_view name, Value& result) override;
    Value call(Interpreter& interpreter, Arguments& arguments) override;
};

// A function or, with a receiver, a method.
struct FunctionObject : HostObject {
    const Builtin* builtin = nullptr;
    std::optional<Value> receiver;

    std::string typeName() const override {
        return receiver ? "builtin_function_or_method" : "function";
    }
    std::string describe() const override {
        return std::string("<function ") + builtin->name + ">";
    }
    Value call(Interpreter& interpreter, Arguments& arguments) override;
};

// loop.cycle and loop.changed.
enum class LoopMethod { cycle, changed };
struct LoopMethodObject : HostObject {
    Value loop;
    LoopMethod method = LoopMethod::cycle;

    std::string typeName() const override { return "method"; }
    Value call(Interpreter& interpreter, Arguments& arguments) override;
};

// Items of a vector.
struct VectorIterator : IteratorObject {
    std::vector<Value> items;
    std::size_t index = 0;
    bool next(Interpreter& interpreter, Value& item) override;
};
Value makeIterator(Budget& budget, std::vector<Value> items);

}  // namespace apertura::jinja
