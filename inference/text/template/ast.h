// A parsed template: statements over the expressions of expression.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference/text/template/expression.h"

namespace apertura::jinja {

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
