// Runs a parsed template.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "inference/text/template/ast.h"
#include "inference/text/template/builtins.h"

namespace apertura::jinja {

// Variables of one block. Inner blocks see those of the outer ones and do not change them.
struct Scope : Object {
    std::shared_ptr<Scope> parent;
    std::vector<std::pair<NameId, Value>> variables;
    bool kept = false;
    void forget() override { std::exchange(variables, {}).clear(); }
};
using ScopePtr = std::shared_ptr<Scope>;

// What a template sees from outside.
struct Environment {
    std::unordered_map<std::string, Value> variables;
    std::string date;  // ISO; empty: the present
};

struct LoopObject;
struct MacroObject;

// Threads: one rendering, one thread. Errors: TemplateError, at line().
class Interpreter {
public:
    Interpreter(const Template& program, Budget& budget);
    ~Interpreter();
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    Environment& environment() { return m_environment; }
    Budget& budget() { return m_budget; }
    std::string run();
    int line() const { return m_line; }  // of the tag being executed

    // For builtins.
    Value text(std::string content, bool safe = false) {
        return makeText(m_budget, std::move(content), safe);
    }
    Value getAttribute(const Value& object, std::string_view name);  // object.name
    Value getItem(const Value& object, const Value& key);            // object[key]
    // Whether object.name is an attribute, not an item.
    bool findAttribute(const Value& object, std::string_view name, Value& result);
    Value call(const Value& callee, Arguments& arguments);
    Value applyFilter(const std::string& name, Arguments arguments);
    bool applyTest(const std::string& name, Arguments arguments);
    // Iterates anything that can be iterated; fails for the rest.
    std::shared_ptr<IteratorObject> iterate(const Value& value);
    std::vector<Value> collect(const Value& value);

    // For the hosts of calls.cpp and loops.cpp.
    Value callMacro(MacroObject& macro, Arguments& arguments);
    Value runRecursiveLoop(LoopObject& outer, const Value& sequence);
    bool testLoopCondition(const LoopStatement& loop, const ScopePtr& scope, const Value& item);
    // Keeps an object to the end of the rendering and makes it forget() then. Scopes that macros
    // see, namespaces and their kind can hold one another, in cycles and in chains of any length.
    void keep(const std::shared_ptr<Object>& object);

private:
    enum class Flow { normal, leaveLoop, nextItem };
    class CallGuard;

    // statements.cpp
    Flow execute(const Body& body, const ScopePtr& scope);
    Flow executeStatement(const Statement& statement, const ScopePtr& scope);
    Flow executeCondition(const ConditionStatement& condition, const ScopePtr& scope);
    Flow executeWith(const WithStatement& with, const ScopePtr& scope);
    Flow executeBlockAssignment(const BlockAssignmentStatement& assignment, const ScopePtr& scope);
    Flow executeFilterBlock(const FilterBlockStatement& block, const ScopePtr& scope);
    Flow executeCaptured(const Body& body, const ScopePtr& scope, std::string& text);
    void assign(const Target& target, const Value& value, Scope& scope);
    void assignParts(const Target& target, const Value& value, Scope& scope);
    void assignMember(const Target& target, const Value& value, Scope& scope);
    void print(const Value& value);
    ScopePtr newScope(const ScopePtr& parent);
    void keepScope(const ScopePtr& scope);

    // loops.cpp
    Flow executeLoop(const LoopStatement& statement, const ScopePtr& scope, const Value& sequence,
                     int depth);
    Flow runLoop(const LoopStatement& statement, const ScopePtr& scope,
                 const std::shared_ptr<LoopObject>& loop);

    // calls.cpp
    void defineMacro(const MacroStatement& macro, const ScopePtr& scope);
    void bindMacro(MacroObject& macro, Arguments& arguments, const ScopePtr& scope);
    void bindMacroRest(MacroObject& macro, Arguments& arguments, Scope& scope);
    void executeCallBlock(const CallBlockStatement& block, const ScopePtr& scope);
    Arguments evaluateArguments(const CallArguments* arguments, const ScopePtr& scope);
    void spreadArguments(const CallArguments& arguments, const ScopePtr& scope, Arguments& result);

    // expressions.cpp
    Value evaluate(const Expression& expression, const ScopePtr& scope);
    Value evaluateName(NameId id, const Scope& scope);
    Value findGlobalVariable(NameId id);
    Value evaluateSequence(const SequenceExpression& sequence, const ScopePtr& scope);
    Value evaluateDict(const DictExpression& dict, const ScopePtr& scope);
    Value evaluateSigns(const SignsExpression& signs, const ScopePtr& scope);
    Value evaluateArithmetic(const ArithmeticExpression& chain, const ScopePtr& scope);
    Value evaluateConcatenation(const ConcatenationExpression& chain, const ScopePtr& scope);
    Value evaluateLogic(const LogicExpression& logic, const ScopePtr& scope);
    Value evaluateComparison(const ComparisonExpression& chain, const ScopePtr& scope);
    Value evaluateConditional(const ConditionalExpression& conditional, const ScopePtr& scope);
    Value evaluatePostfixes(const PostfixExpression& whole, Value value, const ScopePtr& scope);
    Value applyPostfix(const Postfix& postfix, const Value& value, const ScopePtr& scope);
    Value evaluateCallee(const PostfixExpression& whole, const ScopePtr& scope);

    // access.cpp
    Value slice(const Postfix& postfix, const Value& value, const ScopePtr& scope);
    bool findItem(const Value& object, const Value& key, Value& result);
    bool findTextAt(const Value& text, std::int64_t index, Value& result);

    const Template& m_program;
    Budget& m_budget;
    Environment m_environment;
    std::vector<Value> m_globals;  // by NameId, as far as they were looked up
    std::vector<bool> m_isGlobalKnown;
    TextBuilder* m_output = nullptr;
    int m_line = 0;
    int m_calls = 0;
    std::optional<NameId> m_loopName;  // of `loop`, if the template names it
    std::vector<std::shared_ptr<Object>> m_kept;
};

// Bounds macros and recursive loops within one another.
class Interpreter::CallGuard {
public:
    explicit CallGuard(Interpreter& interpreter) : m_interpreter(interpreter) {
        if (m_interpreter.m_calls >= kMaxCalls) {
            fail("macros or loops call themselves more than " + std::to_string(kMaxCalls) +
                 " deep");
        }
        ++m_interpreter.m_calls;
    }
    ~CallGuard() { --m_interpreter.m_calls; }
    CallGuard(const CallGuard&) = delete;
    CallGuard& operator=(const CallGuard&) = delete;

private:
    Interpreter& m_interpreter;
};

}  // namespace apertura::jinja
