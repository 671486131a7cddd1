#include "inference/text/template/checker.h"

#include "inference/text/template/builtins.h"

namespace apertura::jinja {

namespace {

enum class Strictness { strict, whenUsed };

void checkExpression(const Expression* expression, Strictness strictness);

template <typename Items>
void checkAll(const Items& items, Strictness strictness) {
    for (const auto& item : items) {
        checkExpression(item.get(), strictness);
    }
}

void checkArguments(const CallArguments* arguments, Strictness strictness) {
    if (arguments == nullptr) {
        return;
    }
    checkAll(arguments->positional, strictness);
    for (const auto& [name, value] : arguments->keywords) {
        checkExpression(value.get(), strictness);
    }
    checkExpression(arguments->star.get(), strictness);
    checkExpression(arguments->doubleStar.get(), strictness);
}

void checkPostfixes(const PostfixExpression& whole, Strictness strictness) {
    checkExpression(whole.base.get(), strictness);
    for (const Postfix& postfix : whole.rest) {
        if (strictness == Strictness::strict) {
            if (postfix.kind == Postfix::Kind::filter && findFilter(postfix.name) == nullptr) {
                fail("there is no filter '" + postfix.name + "'", postfix.line);
            }
            if (postfix.kind == Postfix::Kind::test && findTest(postfix.name) == nullptr) {
                fail("there is no test '" + postfix.name + "'", postfix.line);
            }
        }
        checkExpression(postfix.item.get(), strictness);
        checkExpression(postfix.from.get(), strictness);
        checkExpression(postfix.to.get(), strictness);
        checkExpression(postfix.step.get(), strictness);
        checkArguments(postfix.arguments.get(), strictness);
    }
}

template <typename Chain>
void checkChain(const Expression& expression, Strictness strictness) {
    const auto& chain = static_cast<const Chain&>(expression);
    checkExpression(chain.first.get(), strictness);
    for (const auto& [symbol, operand] : chain.rest) {
        checkExpression(operand.get(), strictness);
    }
}

void checkExpression(const Expression* expression, Strictness strictness) {
    if (expression == nullptr) {
        return;
    }
    switch (expression->kind) {
        case Expression::Kind::constant:
        case Expression::Kind::name:
            break;
        case Expression::Kind::sequence:
            checkAll(static_cast<const SequenceExpression*>(expression)->items, strictness);
            break;
        case Expression::Kind::dict:
            for (const auto& [key, value] :
                 static_cast<const DictExpression*>(expression)->entries) {
                checkExpression(key.get(), strictness);
                checkExpression(value.get(), strictness);
            }
            break;
        case Expression::Kind::negation:
            checkExpression(static_cast<const NegationExpression*>(expression)->operand.get(),
                            strictness);
            break;
        case Expression::Kind::signs:
            checkExpression(static_cast<const SignsExpression*>(expression)->operand.get(),
                            strictness);
            break;
        case Expression::Kind::arithmetic:
            checkChain<ArithmeticExpression>(*expression, strictness);
            break;
        case Expression::Kind::comparison:
            checkChain<ComparisonExpression>(*expression, strictness);
            break;
        case Expression::Kind::concatenation:
            checkAll(static_cast<const ConcatenationExpression*>(expression)->items, strictness);
            break;
        case Expression::Kind::logic:
            checkAll(static_cast<const LogicExpression*>(expression)->items, strictness);
            break;
        case Expression::Kind::conditional: {
            const auto& conditional = static_cast<const ConditionalExpression&>(*expression);
            for (const auto& branch : conditional.branches) {
                checkExpression(branch.test.get(), Strictness::whenUsed);
                checkExpression(branch.value.get(), Strictness::whenUsed);
            }
            checkExpression(conditional.otherwise.get(), Strictness::whenUsed);
            break;
        }
        case Expression::Kind::postfix:
            checkPostfixes(static_cast<const PostfixExpression&>(*expression), strictness);
            break;
    }
}

void checkStatement(const Statement& statement, Strictness strictness);

void checkBody(const Body& body, Strictness strictness = Strictness::strict) {
    for (const StatementPtr& statement : body) {
        checkStatement(*statement, strictness);
    }
}

void checkFilters(const std::unique_ptr<PostfixExpression>& filters, Strictness strictness) {
    if (filters) {
        checkPostfixes(*filters, strictness);
    }
}

void checkMacro(const MacroStatement& macro) {
    checkAll(macro.defaults, Strictness::strict);
    checkBody(macro.body);
}

void checkCondition(const ConditionStatement& condition) {
    for (const auto& branch : condition.branches) {
        checkExpression(branch.test.get(), Strictness::whenUsed);
        checkBody(branch.body, Strictness::whenUsed);
    }
    checkBody(condition.otherwise, Strictness::whenUsed);
}

void checkLoop(const LoopStatement& loop, Strictness strictness) {
    checkExpression(loop.condition.get(), Strictness::strict);
    checkExpression(loop.sequence.get(), strictness);
    checkBody(loop.body);
    checkBody(loop.otherwise);
}

void checkStatement(const Statement& statement, Strictness strictness) {
    switch (statement.kind) {
        case Statement::Kind::text:
        case Statement::Kind::leaveLoop:
        case Statement::Kind::nextItem:
        case Statement::Kind::refusal:
            break;
        case Statement::Kind::print:
            checkExpression(static_cast<const PrintStatement&>(statement).value.get(), strictness);
            break;
        case Statement::Kind::condition:
            checkCondition(static_cast<const ConditionStatement&>(statement));
            break;
        case Statement::Kind::loop:
            checkLoop(static_cast<const LoopStatement&>(statement), strictness);
            break;
        case Statement::Kind::assignment:
            checkExpression(static_cast<const AssignmentStatement&>(statement).value.get(),
                            strictness);
            break;
        case Statement::Kind::blockAssignment: {
            const auto& assignment = static_cast<const BlockAssignmentStatement&>(statement);
            checkBody(assignment.body);
            checkFilters(assignment.filters, Strictness::strict);
            break;
        }
        case Statement::Kind::with: {
            const auto& with = static_cast<const WithStatement&>(statement);
            for (const auto& [target, value] : with.values) {
                checkExpression(value.get(), strictness);
            }
            checkBody(with.body);
            break;
        }
        case Statement::Kind::macro:
            checkMacro(static_cast<const MacroStatement&>(statement));
            break;
        case Statement::Kind::callBlock: {
            const auto& block = static_cast<const CallBlockStatement&>(statement);
            checkExpression(block.call.get(), strictness);
            checkMacro(*block.caller);
            break;
        }
        case Statement::Kind::filterBlock: {
            const auto& block = static_cast<const FilterBlockStatement&>(statement);
            checkBody(block.body);
            checkFilters(block.filters, Strictness::strict);
            break;
        }
        case Statement::Kind::scope:
            checkBody(static_cast<const ScopeStatement&>(statement).body);
            break;
    }
}

}  // namespace

void checkTemplate(const Template& parsed) {
    checkBody(parsed.body);
}

}  // namespace apertura::jinja
