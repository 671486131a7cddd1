// The expressions of a parsed template. Operators of one precedence stand in one node with a list
// of operands, so that long chains are wide and not deep: the depth of a tree is bounded by the
// nesting of its source (kMaxNesting).
#pragma once

#include <cstddef>
#include <memory>
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

}  // namespace apertura::jinja
