// A parsed template. Operators of one precedence stand in one node with a list of operands, so that
// long chains are wide and not deep: the depth of a tree is bounded by the nesting of its source
// (kMaxNesting).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference/text/template/value.h"

namespace apertura::jinja {

using NameId = int;  // index of Template::names

struct Expression {
    enum class Kind {
        constant,
        name,
        sequence,
        dict,
        negation,
        signs,
        arithmetic,
        concatenation,
        logic,
        comparison,
        conditional,
        postfix,
    };
    Expression(Kind kindOfNode, int atLine) : kind(kindOfNode), line(atLine) {}
    virtual ~Expression() = default;
    const Kind kind;
    int line;  // of the outermost operator, as Jinja2 counts it
};
using ExpressionPtr = std::unique_ptr<Expression>;

struct ConstantExpression : Expression {
    ConstantExpression(Value constant, int atLine)
        : Expression(Kind::constant, atLine), value(std::move(constant)) {}
    Value value;
};

struct NameExpression : Expression {
    NameExpression(NameId nameId, int atLine) : Expression(Kind::name, atLine), id(nameId) {}
    NameId id;
};

struct SequenceExpression : Expression {  // [..] and (..)
    explicit SequenceExpression(int atLine) : Expression(Kind::sequence, atLine) {}
    bool tuple = false;
    std::vector<ExpressionPtr> items;
};

struct DictExpression : Expression {
    explicit DictExpression(int atLine) : Expression(Kind::dict, atLine) {}
    std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

struct NegationExpression : Expression {  // not not .. x
    explicit NegationExpression(int atLine) : Expression(Kind::negation, atLine) {}
    std::size_t count = 0;
    ExpressionPtr operand;
};

struct SignsExpression : Expression {  // - + .. x
    explicit SignsExpression(int atLine) : Expression(Kind::signs, atLine) {}
    std::string signs;  // '-' and '+', outermost first
    ExpressionPtr operand;
};

enum class Operator { add, subtract, multiply, divide, floorDivide, modulo, power };

struct ArithmeticExpression : Expression {  // left to right
    explicit ArithmeticExpression(int atLine) : Expression(Kind::arithmetic, atLine) {}
    ExpressionPtr first;
    std::vector<std::pair<Operator, ExpressionPtr>> rest;
};

struct ConcatenationExpression : Expression {  // a ~ b ~ ..
    explicit ConcatenationExpression(int atLine) : Expression(Kind::concatenation, atLine) {}
    std::vector<ExpressionPtr> items;
};

struct LogicExpression : Expression {  // a and b and .., or with or
    explicit LogicExpression(int atLine) : Expression(Kind::logic, atLine) {}
    bool conjunction = true;
    std::vector<ExpressionPtr> items;
};

enum class Comparison { equal, notEqual, less, lessEqual, greater, greaterEqual, in, notIn };

struct ComparisonExpression : Expression {  // a < b <= c
    explicit ComparisonExpression(int atLine) : Expression(Kind::comparison, atLine) {}
    ExpressionPtr first;
    std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};

struct ConditionalExpression : Expression {  // a if b else c if d else ..
    explicit ConditionalExpression(int atLine) : Expression(Kind::conditional, atLine) {}
    struct Branch {
        ExpressionPtr test;
        ExpressionPtr value;
    };
    std::vector<Branch> branches;
    ExpressionPtr otherwise;  // may be null: undefined
};

struct CallArguments {
    std::vector<ExpressionPtr> positional;
    std::vector<std::pair<std::string, ExpressionPtr>> keywords;
    ExpressionPtr star;        // *x, may be null
    ExpressionPtr doubleStar;  // **x, may be null
};

// One of .name [item] [from:to:step] (..) | filter(..) is test(..)
struct Postfix {
    enum class Kind { attribute, item, slice, call, filter, test };
    Kind kind = Kind::attribute;
    int line = 0;
    std::string name;                                // attribute, filter, test
    ExpressionPtr item;                              // item
    ExpressionPtr from, to, step;                    // slice, each may be null
    std::unique_ptr<const CallArguments> arguments;  // call, filter, test
    bool negated = false;                            // is not
};

struct PostfixExpression : Expression {  // base, then each postfix in turn
    explicit PostfixExpression(int atLine) : Expression(Kind::postfix, atLine) {}
    ExpressionPtr base;  // null at the head of the filters of a block: the block's text
    std::vector<Postfix> rest;
};

struct Statement {
    enum class Kind {
        text,
        print,
        condition,
        loop,
        assignment,
        blockAssignment,
        with,
        macro,
        callBlock,
        filterBlock,
        scope,
        leaveLoop,
        nextItem,
        refusal,
    };
    Statement(Kind kindOfNode, int atLine) : kind(kindOfNode), line(atLine) {}
    virtual ~Statement() = default;
    const Kind kind;
    int line;
};
using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;

// What is assigned to: a name, a member of a namespace, or a tuple of targets.
struct Target {
    std::optional<NameId> name;
    std::string member;         // of the namespace `name`; empty: the name itself
    std::vector<Target> parts;  // where there is no name
};

struct TextStatement : Statement {
    TextStatement(std::string content, int atLine)
        : Statement(Kind::text, atLine), text(std::move(content)) {}
    std::string text;
};

struct PrintStatement : Statement {
    explicit PrintStatement(int atLine) : Statement(Kind::print, atLine) {}
    ExpressionPtr value;
};

struct ConditionStatement : Statement {
    explicit ConditionStatement(int atLine) : Statement(Kind::condition, atLine) {}
    struct Branch {
        int line = 0;
        ExpressionPtr test;
        Body body;
    };
    std::vector<Branch> branches;
    Body otherwise;
};

struct LoopStatement : Statement {
    explicit LoopStatement(int atLine) : Statement(Kind::loop, atLine) {}
    Target target;
    ExpressionPtr sequence;
    ExpressionPtr condition;  // may be null
    bool recursive = false;
    Body body;
    Body otherwise;
};

struct AssignmentStatement : Statement {
    explicit AssignmentStatement(int atLine) : Statement(Kind::assignment, atLine) {}
    Target target;
    ExpressionPtr value;
};

struct BlockAssignmentStatement : Statement {
    explicit BlockAssignmentStatement(int atLine) : Statement(Kind::blockAssignment, atLine) {}
    Target target;
    std::unique_ptr<PostfixExpression> filters;  // may be null
    Body body;
};

struct WithStatement : Statement {
    explicit WithStatement(int atLine) : Statement(Kind::with, atLine) {}
    std::vector<std::pair<Target, ExpressionPtr>> values;
    Body body;
};

// The signature and body of a macro or of a call block.
struct MacroStatement : Statement {
    explicit MacroStatement(int atLine) : Statement(Kind::macro, atLine) {}
    NameId name = -1;  // none for a call block
    std::vector<NameId> parameters;
    std::vector<ExpressionPtr> defaults;  // of the last parameters
    bool usesCaller = false;
    bool usesVarargs = false;
    bool usesKwargs = false;
    Body body;
};

struct CallBlockStatement : Statement {
    explicit CallBlockStatement(int atLine) : Statement(Kind::callBlock, atLine) {}
    ExpressionPtr call;  // a postfix expression that ends in a call
    std::unique_ptr<MacroStatement> caller;
};

struct FilterBlockStatement : Statement {
    explicit FilterBlockStatement(int atLine) : Statement(Kind::filterBlock, atLine) {}
    std::unique_ptr<PostfixExpression> filters;
    Body body;
};

struct ScopeStatement : Statement {  // generation, block
    explicit ScopeStatement(int atLine) : Statement(Kind::scope, atLine) {}
    Body body;
};

struct RefusalStatement : Statement {  // include and its kind: there is nothing to load from
    explicit RefusalStatement(int atLine) : Statement(Kind::refusal, atLine) {}
};

struct SimpleStatement : Statement {  // break, continue
    using Statement::Statement;
};

struct Template {
    std::vector<std::string> names;
    Body body;
};

}  // namespace apertura::jinja
