#include <utility>

#include "inference/text/template/hosts.h"
#include "inference/text/template/interpreter.h"
#include "inference/text/template/text.h"

namespace apertura::jinja {

namespace {
constexpr std::size_t kKeptBytes = 256;  // of a scope or namespace that lives to the end
}

Interpreter::Interpreter(const Template& program, Budget& budget)
    : m_program(program),
      m_budget(budget),
      m_globals(program.names.size()),
      m_isGlobalKnown(program.names.size(), false) {
    for (std::size_t i = 0; i < program.names.size(); ++i) {
        if (program.names[i] == "loop") {
            m_loopName = static_cast<NameId>(i);
        }
    }
}

// Empties all that is kept before it lets go of it, so that no chain of values is destroyed
// recursively.
Interpreter::~Interpreter() {
    for (const auto& object : m_kept) {
        object->forget();
    }
}

std::string Interpreter::run() {
    TextBuilder output(m_budget);
    m_output = &output;
    execute(m_program.body, newScope(nullptr));
    m_output = nullptr;
    return output.take();
}

ScopePtr Interpreter::newScope(const ScopePtr& parent) {
    auto scope = std::make_shared<Scope>();
    scope->parent = parent;
    return scope;
}

void Interpreter::keep(const std::shared_ptr<Object>& object) {
    m_budget.reserve(kKeptBytes);
    m_kept.push_back(object);
}

void Interpreter::keepScope(const ScopePtr& scope) {
    if (!scope->kept) {
        scope->kept = true;
        keep(scope);
    }
}

Interpreter::Flow Interpreter::execute(const Body& body, const ScopePtr& scope) {
    for (const StatementPtr& statement : body) {
        const Flow flow = executeStatement(*statement, scope);
        if (flow != Flow::normal) {
            return flow;
        }
    }
    return Flow::normal;
}

Interpreter::Flow Interpreter::executeStatement(const Statement& statement, const ScopePtr& scope) {
    const DepthGuard guard(m_budget);
    m_budget.step();
    m_line = statement.line;
    switch (statement.kind) {
        case Statement::Kind::text:
            m_output->append(static_cast<const TextStatement&>(statement).text);
            break;
        case Statement::Kind::print:
            print(evaluate(*static_cast<const PrintStatement&>(statement).value, scope));
            break;
        case Statement::Kind::condition:
            return executeCondition(static_cast<const ConditionStatement&>(statement), scope);
        case Statement::Kind::loop: {
            const auto& loop = static_cast<const LoopStatement&>(statement);
            return executeLoop(loop, scope, evaluate(*loop.sequence, scope), 0);
        }
        case Statement::Kind::assignment: {
            const auto& assignment = static_cast<const AssignmentStatement&>(statement);
            assign(assignment.target, evaluate(*assignment.value, scope), *scope);
            break;
        }
        case Statement::Kind::blockAssignment:
            return executeBlockAssignment(static_cast<const BlockAssignmentStatement&>(statement),
                                          scope);
        case Statement::Kind::with:
            return executeWith(static_cast<const WithStatement&>(statement), scope);
        case Statement::Kind::macro:
            defineMacro(static_cast<const MacroStatement&>(statement), scope);
            break;
        case Statement::Kind::callBlock:
            executeCallBlock(static_cast<const CallBlockStatement&>(statement), scope);
            break;
        case Statement::Kind::filterBlock:
            return executeFilterBlock(static_cast<const FilterBlockStatement&>(statement), scope);
        case Statement::Kind::scope:
            return execute(static_cast<const ScopeStatement&>(statement).body, newScope(scope));
        case Statement::Kind::leaveLoop:
            return Flow::leaveLoop;
        case Statement::Kind::nextItem:
            return Flow::nextItem;
        case Statement::Kind::refusal:
            fail("a chat template stands alone and cannot load another");
    }
    return Flow::normal;
}

void Interpreter::print(const Value& value) {
    m_budget.stepText(value.is(Kind::text) ? value.text().size() : 0);
    appendText(*m_output, m_budget, value);
}

Interpreter::Flow Interpreter::executeCondition(const ConditionStatement& condition,
                                                const ScopePtr& scope) {
    for (const auto& branch : condition.branches) {
        m_line = branch.line;
        if (isTrue(evaluate(*branch.test, scope))) {
            return execute(branch.body, scope);
        }
    }
    return execute(condition.otherwise, scope);
}

Interpreter::Flow Interpreter::executeWith(const WithStatement& with, const ScopePtr& scope) {
    const ScopePtr inner = newScope(scope);
    for (const auto& [target, value] : with.values) {
        assign(target, evaluate(*value, scope), *inner);
    }
    return execute(with.body, inner);
}

// Runs `body` in a scope of its own and gives its output as `text`.
Interpreter::Flow Interpreter::executeCaptured(const Body& body, const ScopePtr& scope,
                                               std::string& text) {
    TextBuilder captured(m_budget);
    TextBuilder* const outer = std::exchange(m_output, &captured);
    const Flow flow = execute(body, newScope(scope));
    m_output = outer;
    text = captured.take();
    return flow;
}

Interpreter::Flow Interpreter::executeBlockAssignment(const BlockAssignmentStatement& assignment,
                                                      const ScopePtr& scope) {
    std::string content;
    const Flow flow = executeCaptured(assignment.body, scope, content);
    if (flow != Flow::normal) {
        return flow;
    }
    m_line = assignment.line;
    Value value = text(std::move(content));
    if (assignment.filters) {
        value = evaluatePostfixes(*assignment.filters, value, scope);
    }
    assign(assignment.target, value, *scope);
    return Flow::normal;
}

Interpreter::Flow Interpreter::executeFilterBlock(const FilterBlockStatement& block,
                                                  const ScopePtr& scope) {
    std::string content;
    const Flow flow = executeCaptured(block.body, scope, content);
    if (flow != Flow::normal) {
        return flow;
    }
    m_line = block.line;
    print(evaluatePostfixes(*block.filters, text(std::move(content)), scope));
    return Flow::normal;
}

void Interpreter::assign(const Target& target, const Value& value, Scope& scope) {
    if (!target.name) {
        assignParts(target, value, scope);
        return;
    }
    if (!target.member.empty()) {
        assignMember(target, value, scope);
        return;
    }
    for (auto& [name, present] : scope.variables) {
        if (name == *target.name) {
            present = value;
            return;
        }
    }
    scope.variables.emplace_back(*target.name, value);
}

void Interpreter::assignParts(const Target& target, const Value& value, Scope& scope) {
    requireDefined(value);
    if (knownLength(value) < 0 && !value.is(Kind::iterator)) {
        fail("a value of type " + typeName(value) + " cannot be unpacked");
    }
    const auto iterator = iterate(value);
    std::vector<Value> items;
    Value item;
    while (items.size() <= target.parts.size() && iterator->next(*this, item)) {
        items.push_back(item);
    }
    if (items.size() != target.parts.size()) {
        const bool many = items.size() > target.parts.size();
        fail(std::string("there are too ") + (many ? "many" : "few") + " values to unpack into " +
             std::to_string(target.parts.size()) + " names");
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        assign(target.parts[i], items[i], scope);
    }
}

void Interpreter::assignMember(const Target& target, const Value& value, Scope& scope) {
    const Value object = evaluateName(*target.name, scope);
    if (!object.is(Kind::nameSpace)) {
        fail("only a namespace's attributes can be assigned, and '" +
             m_program.names[static_cast<std::size_t>(*target.name)] + "' is none");
    }
    if (target.member[0] == '_') {
        fail("a namespace cannot store '" + target.member + "', whose name begins with '_'");
    }
    auto& space = object.as<NamespaceObject>();
    for (auto& [name, present] : space.members) {
        if (name == target.member) {
            present = value;
            return;
        }
    }
    Budget::checkItems(space.members.size() + 1);
    m_budget.reserve(kKeptBytes);
    space.members.emplace_back(target.member, value);
}

}  // namespace apertura::jinja
