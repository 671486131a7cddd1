#include <algorithm>
#include <utility>

#include "inference/text/template/hosts.h"
#include "inference/text/template/text.h"

namespace apertura::jinja {

void Interpreter::defineMacro(const MacroStatement& macro, const ScopePtr& scope) {
    auto object = makeObject<MacroObject>(m_budget);
    object->macro = &macro;
    object->scope = scope;
    object->name = m_program.names[static_cast<std::size_t>(macro.name)];
    for (const NameId parameter : macro.parameters) {
        object->parameters.push_back(m_program.names[static_cast<std::size_t>(parameter)]);
    }
    keepScope(scope);
    Target target;
    target.name = macro.name;
    assign(target, Value(Kind::host, std::move(object)), *scope);
}

void Interpreter::executeCallBlock(const CallBlockStatement& block, const ScopePtr& scope) {
    auto caller = makeObject<MacroObject>(m_budget);
    caller->macro = block.caller.get();
    caller->scope = scope;
    for (const NameId parameter : block.caller->parameters) {
        caller->parameters.push_back(m_program.names[static_cast<std::size_t>(parameter)]);
    }
    keepScope(scope);
    const auto& whole = static_cast<const PostfixExpression&>(*block.call);
    const Value callee = evaluateCallee(whole, scope);
    Arguments arguments = evaluateArguments(whole.rest.back().arguments.get(), scope);
    arguments.keywords.emplace_back("caller", Value(Kind::host, std::move(caller)));
    print(call(callee, arguments));
}

Arguments Interpreter::evaluateArguments(const CallArguments* arguments, const ScopePtr& scope) {
    Arguments result;
    if (arguments == nullptr) {
        return result;
    }
    for (const ExpressionPtr& argument : arguments->positional) {
        result.positional.push_back(evaluate(*argument, scope));
    }
    for (const auto& [name, argument] : arguments->keywords) {
        result.keywords.emplace_back(name, evaluate(*argument, scope));
    }
    if (arguments->star || arguments->doubleStar) {
        spreadArguments(*arguments, scope, result);
    }
    return result;
}

void Interpreter::spreadArguments(const CallArguments& arguments, const ScopePtr& scope,
                                  Arguments& result) {
    if (arguments.star) {
        const std::vector<Value> more = collect(evaluate(*arguments.star, scope));
        result.positional.insert(result.positional.end(), more.begin(), more.end());
    }
    if (arguments.doubleStar) {
        const Value more = evaluate(*arguments.doubleStar, scope);
        if (!more.is(Kind::dict)) {
            fail("what stands after '**' must be a dict, not a value of type " + typeName(more));
        }
        for (const auto& [name, value] : more.as<DictObject>().entries) {
            if (!name.is(Kind::text)) {
                fail("the names of arguments must be texts");
            }
            m_budget.step();
            result.keywords.emplace_back(name.text(), value);
        }
    }
}

Value Interpreter::call(const Value& callee, Arguments& arguments) {
    requireDefined(callee);
    if (!callee.is(Kind::host)) {
        fail("a value of type " + typeName(callee) + " cannot be called");
    }
    m_budget.step();
    return callee.as<HostObject>().call(*this, arguments);
}

Value MacroObject::call(Interpreter& interpreter, Arguments& arguments) {
    return interpreter.callMacro(*this, arguments);
}

Value Interpreter::callMacro(MacroObject& macro, Arguments& arguments) {
    const CallGuard guard(*this);
    const int line = std::exchange(m_line, macro.macro->line);
    // The macro may be reassigned, and so released, while it runs.
    const ScopePtr inner = newScope(macro.scope);
    const MacroStatement& statement = *macro.macro;
    TextBuilder captured(m_budget);
    TextBuilder* const output = std::exchange(m_output, &captured);
    bindMacro(macro, arguments, inner);
    execute(statement.body, inner);
    m_output = output;
    m_line = line;
    return text(captured.take());
}

namespace {

std::optional<Value> takeKeyword(Arguments& arguments, const std::string& name) {
    const auto found = std::find_if(arguments.keywords.begin(), arguments.keywords.end(),
                                    [&](const auto& keyword) { return keyword.first == name; });
    if (found == arguments.keywords.end()) {
        return std::nullopt;
    }
    Value value = std::move(found->second);
    arguments.keywords.erase(found);
    return value;
}

}  // namespace

// Parameters in order, so that a default may use those before it.
void Interpreter::bindMacro(MacroObject& macro, Arguments& arguments, const ScopePtr& scope) {
    const MacroStatement& statement = *macro.macro;
    const std::size_t count = statement.parameters.size();
    std::vector<std::optional<Value>> given(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (i < arguments.positional.size()) {
            given[i] = arguments.positional[i];
        } else {
            given[i] = takeKeyword(arguments, macro.parameters[i]);
        }
    }
    bindMacroRest(macro, arguments, *scope);
    const std::size_t firstDefault = count - statement.defaults.size();
    for (std::size_t i = 0; i < count; ++i) {
        Value value;
        if (given[i]) {
            value = *given[i];
        } else if (i >= firstDefault) {
            value = evaluate(*statement.defaults[i - firstDefault], scope);
        } else {
            value = makeUndefined("the parameter '" + macro.parameters[i] + "' was not provided");
        }
        scope->variables.emplace_back(statement.parameters[i], value);
    }
}

// What is left over: caller, varargs and kwargs where the body names them, else an error.
void Interpreter::bindMacroRest(MacroObject& macro, Arguments& arguments, Scope& scope) {
    const MacroStatement& statement = *macro.macro;
    const auto set = [&](const char* name, Value value) {
        for (std::size_t i = 0; i < m_program.names.size(); ++i) {
            if (m_program.names[i] == name) {
                scope.variables.emplace_back(static_cast<NameId>(i), std::move(value));
                return;
            }
        }
    };
    if (statement.usesCaller) {
        set("caller",
            takeKeyword(arguments, "caller").value_or(makeUndefined("there is no caller")));
    }
    if (statement.usesKwargs) {
        const auto rest = makeDict(m_budget);
        for (const auto& [name, value] : arguments.keywords) {
            rest->set(m_budget, text(name), value);
        }
        set("kwargs", dictValue(rest));
    } else if (!arguments.keywords.empty()) {
        fail("the macro '" + macro.name + "' takes no argument '" + arguments.keywords[0].first +
             "'");
    }
    const std::size_t count = statement.parameters.size();
    std::vector<Value> rest;
    if (arguments.positional.size() > count) {
        rest.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(count),
                    arguments.positional.end());
    }
    if (statement.usesVarargs) {
        set("varargs", makeTuple(m_budget, std::move(rest)));
    } else if (!rest.empty()) {
        fail("the macro '" + macro.name + "' takes not more than " + std::to_string(count) +
             " arguments");
    }
}

bool MacroObject::attribute(Interpreter& interpreter, std::string_view attributeName,
                            Value& result) {
    if (attributeName == "name") {
        result = interpreter.text(name);
    } else if (attributeName == "arguments") {
        std::vector<Value> names;
        for (const std::string& parameter : parameters) {
            names.push_back(interpreter.text(parameter));
        }
        result = makeTuple(interpreter.budget(), std::move(names));
    } else if (attributeName == "caller") {
        result = Value::boolean(macro->usesCaller);
    } else if (attributeName == "catch_varargs") {
        result = Value::boolean(macro->usesVarargs);
    } else if (attributeName == "catch_kwargs") {
        result = Value::boolean(macro->usesKwargs);
    } else {
        return false;
    }
    return true;
}

Value FunctionObject::call(Interpreter& interpreter, Arguments& arguments) {
    if (receiver) {
        arguments.positional.insert(arguments.positional.begin(), *receiver);
    }
    return builtin->call(interpreter, std::move(arguments));
}

namespace {

std::string_view nameOf(std::string_view parameter) {
    return parameter.back() == '?' ? parameter.substr(0, parameter.size() - 1) : parameter;
}

}  // namespace

Value Builtin::call(Interpreter& interpreter, Arguments&& arguments) const {
    interpreter.budget().step();
    const auto failCall = [this](const std::string& what) {
        fail(std::string(name) + "() " + what);
    };
    const bool variadic = !parameters.empty() && parameters.back()[0] == '*';
    const std::size_t count = parameters.size() - (variadic ? 1 : 0);
    Bound bound;
    bound.m_slots.resize(count);
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
        if (i < count) {
            bound.m_slots[i] = std::move(arguments.positional[i]);
        } else if (variadic) {
            bound.m_rest.positional.push_back(std::move(arguments.positional[i]));
        } else {
            failCall("was given too many arguments");
        }
    }
    for (auto& [keyword, value] : arguments.keywords) {
        std::size_t i = 0;
        while (i < count && keyword != nameOf(parameters[i])) {
            ++i;
        }
        if (i < count && !bound.m_slots[i]) {
            bound.m_slots[i] = std::move(value);
        } else if (i == count && variadic) {
            bound.m_rest.keywords.emplace_back(std::move(keyword), std::move(value));
        } else {
            failCall(i == count ? "takes no argument '" + keyword + "'"
                                : "was given the argument '" + keyword + "' twice");
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view parameter = parameters[i];
        if (!bound.m_slots[i] && parameter.back() != '?') {
            failCall("misses the argument '" + std::string(parameter) + "'");
        }
    }
    return function(interpreter, bound);
}

std::int64_t Bound::integer(std::size_t parameter, std::int64_t otherwise) const {
    if (!has(parameter)) {
        return otherwise;
    }
    requireDefined(at(parameter));
    if (!at(parameter).isIntegral()) {
        fail("an integer is needed, not a value of type " + typeName(at(parameter)));
    }
    return at(parameter).asInteger();
}

const std::string& Bound::text(std::size_t parameter) const {
    requireDefined(at(parameter));
    if (!at(parameter).is(Kind::text)) {
        fail("a text is needed, not a value of type " + typeName(at(parameter)));
    }
    return at(parameter).text();
}

Value makeFunction(Budget& budget, const Builtin& builtin) {
    auto function = makeObject<FunctionObject>(budget);
    function->builtin = &builtin;
    return {Kind::host, std::move(function)};
}

Value makeMethod(Budget& budget, const Builtin& builtin, const Value& receiver) {
    auto method = makeObject<FunctionObject>(budget);
    method->builtin = &builtin;
    deepen(*method, receiver);
    method->receiver = receiver;
    return {Kind::host, std::move(method)};
}

}  // namespace apertura::jinja
