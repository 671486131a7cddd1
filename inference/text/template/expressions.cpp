#include <utility>

#include "inference/text/template/hosts.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"

namespace apertura::jinja {

Value Interpreter::evaluate(const Expression& expression, const ScopePtr& scope) {
    const DepthGuard guard(m_budget);
    m_budget.step();
    switch (expression.kind) {
        case Expression::Kind::constant:
            return static_cast<const ConstantExpression&>(expression).value;
        case Expression::Kind::name:
            return evaluateName(static_cast<const NameExpression&>(expression).id, *scope);
        case Expression::Kind::sequence:
            return evaluateSequence(static_cast<const SequenceExpression&>(expression), scope);
        case Expression::Kind::dict:
            return evaluateDict(static_cast<const DictExpression&>(expression), scope);
        case Expression::Kind::negation: {
            const auto& negation = static_cast<const NegationExpression&>(expression);
            const bool truth = isTrue(evaluate(*negation.operand, scope));
            return Value::boolean(negation.count % 2 == 0 ? truth : !truth);
        }
        case Expression::Kind::signs:
            return evaluateSigns(static_cast<const SignsExpression&>(expression), scope);
        case Expression::Kind::arithmetic:
            return evaluateArithmetic(static_cast<const ArithmeticExpression&>(expression), scope);
        case Expression::Kind::concatenation:
            return evaluateConcatenation(static_cast<const ConcatenationExpression&>(expression),
                                         scope);
        case Expression::Kind::logic:
            return evaluateLogic(static_cast<const LogicExpression&>(expression), scope);
        case Expression::Kind::comparison:
            return evaluateComparison(static_cast<const ComparisonExpression&>(expression), scope);
        case Expression::Kind::conditional:
            return evaluateConditional(static_cast<const ConditionalExpression&>(expression),
                                       scope);
        case Expression::Kind::postfix: {
            const auto& whole = static_cast<const PostfixExpression&>(expression);
            return evaluatePostfixes(whole, evaluate(*whole.base, scope), scope);
        }
    }
    return {};
}

Value Interpreter::evaluateName(NameId id, const Scope& scope) {
    for (const Scope* candidate = &scope; candidate != nullptr;
         candidate = candidate->parent.get()) {
        for (const auto& [name, value] : candidate->variables) {
            if (name == id) {
                return value;
            }
        }
    }
    const auto index = static_cast<std::size_t>(id);
    if (!m_isGlobalKnown[index]) {
        m_globals[index] = findGlobalVariable(id);
        m_isGlobalKnown[index] = true;
    }
    return m_globals[index];
}

Value Interpreter::findGlobalVariable(NameId id) {
    const std::string& name = m_program.names[static_cast<std::size_t>(id)];
    const auto variable = m_environment.variables.find(name);
    if (variable != m_environment.variables.end()) {
        return variable->second;
    }
    if (const Builtin* function = findGlobal(name)) {
        return makeFunction(m_budget, *function);
    }
    return makeUndefined("'" + name + "' is undefined");
}

Value Interpreter::evaluateSequence(const SequenceExpression& sequence, const ScopePtr& scope) {
    std::vector<Value> items;
    items.reserve(sequence.items.size());
    for (const ExpressionPtr& item : sequence.items) {
        items.push_back(evaluate(*item, scope));
    }
    return sequence.tuple ? makeTuple(m_budget, std::move(items))
                          : makeList(m_budget, std::move(items));
}

Value Interpreter::evaluateDict(const DictExpression& dict, const ScopePtr& scope) {
    const auto result = makeDict(m_budget);
    for (const auto& [key, value] : dict.entries) {
        const Value name = evaluate(*key, scope);
        result->set(m_budget, name, evaluate(*value, scope));
    }
    return dictValue(result);
}

Value Interpreter::evaluateSigns(const SignsExpression& signs, const ScopePtr& scope) {
    Value value = evaluate(*signs.operand, scope);
    for (std::size_t i = signs.signs.size(); i-- > 0;) {
        m_budget.step();
        value = signs.signs[i] == '-' ? negate(value) : checkSign(value);
    }
    return value;
}

Value Interpreter::evaluateArithmetic(const ArithmeticExpression& chain, const ScopePtr& scope) {
    Value value = evaluate(*chain.first, scope);
    for (const auto& [symbol, operand] : chain.rest) {
        value = calculate(*this, symbol, value, evaluate(*operand, scope));
    }
    return value;
}

Value Interpreter::evaluateConcatenation(const ConcatenationExpression& chain,
                                         const ScopePtr& scope) {
    TextBuilder result(m_budget);
    for (const ExpressionPtr& item : chain.items) {
        appendText(result, m_budget, evaluate(*item, scope));
    }
    return text(result.take());
}

Value Interpreter::evaluateLogic(const LogicExpression& logic, const ScopePtr& scope) {
    Value value;
    for (const ExpressionPtr& item : logic.items) {
        value = evaluate(*item, scope);
        if (isTrue(value) != logic.conjunction) {
            break;
        }
    }
    return value;
}

Value Interpreter::evaluateComparison(const ComparisonExpression& chain, const ScopePtr& scope) {
    Value left = evaluate(*chain.first, scope);
    for (const auto& [comparison, operand] : chain.rest) {
        Value right = evaluate(*operand, scope);
        if (!compare(*this, comparison, left, right)) {
            return Value::boolean(false);
        }
        left = std::move(right);
    }
    return Value::boolean(true);
}

Value Interpreter::evaluateConditional(const ConditionalExpression& conditional,
                                       const ScopePtr& scope) {
    for (const auto& branch : conditional.branches) {
        if (isTrue(evaluate(*branch.test, scope))) {
            return evaluate(*branch.value, scope);
        }
    }
    if (conditional.otherwise) {
        return evaluate(*conditional.otherwise, scope);
    }
    return makeUndefined("the condition on line " + std::to_string(conditional.line) +
                         " is false and there is no 'else'");
}

Value Interpreter::evaluatePostfixes(const PostfixExpression& whole, Value value,
                                     const ScopePtr& scope) {
    for (const Postfix& postfix : whole.rest) {
        value = applyPostfix(postfix, value, scope);
    }
    return value;
}

// All of a call block's expression but its last call.
Value Interpreter::evaluateCallee(const PostfixExpression& whole, const ScopePtr& scope) {
    Value value = evaluate(*whole.base, scope);
    for (std::size_t i = 0; i + 1 < whole.rest.size(); ++i) {
        value = applyPostfix(whole.rest[i], value, scope);
    }
    return value;
}

Value Interpreter::applyPostfix(const Postfix& postfix, const Value& value, const ScopePtr& scope) {
    m_budget.step();
    switch (postfix.kind) {
        case Postfix::Kind::attribute:
            return getAttribute(value, postfix.name);
        case Postfix::Kind::item:
            return getItem(value, evaluate(*postfix.item, scope));
        case Postfix::Kind::slice:
            return slice(postfix, value, scope);
        case Postfix::Kind::call: {
            Arguments arguments = evaluateArguments(postfix.arguments.get(), scope);
            return call(value, arguments);
        }
        case Postfix::Kind::filter:
        case Postfix::Kind::test:
            break;
    }
    Arguments arguments = evaluateArguments(postfix.arguments.get(), scope);
    arguments.positional.insert(arguments.positional.begin(), value);
    if (postfix.kind == Postfix::Kind::filter) {
        return applyFilter(postfix.name, std::move(arguments));
    }
    return Value::boolean(applyTest(postfix.name, std::move(arguments)) != postfix.negated);
}

Value Interpreter::applyFilter(const std::string& name, Arguments arguments) {
    const Builtin* filter = findFilter(name);
    if (filter == nullptr) {
        fail("there is no filter '" + name + "'");
    }
    return filter->call(*this, std::move(arguments));
}

bool Interpreter::applyTest(const std::string& name, Arguments arguments) {
    const Builtin* test = findTest(name);
    if (test == nullptr) {
        fail("there is no test '" + name + "'");
    }
    return isTrue(test->call(*this, std::move(arguments)));
}

}  // namespace apertura::jinja
