// Jinja2's grammar. Errors: TemplateError with the line where reading stopped.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/template/ast.h"
#include "inference/text/template/lexer.h"

namespace apertura::jinja {

// Requires: valid UTF-8. Any line ends.
Template parseTemplate(std::string_view source);

class Parser {
public:
    explicit Parser(std::vector<Token> tokens) : m_tokens(std::move(tokens)) {}
    Template parse();

private:
    using Names = std::vector<std::string_view>;

    // Tokens.
    const Token& current();
    const Token& following();
    Token take();
    bool isSymbol(std::string_view symbol);
    bool isName(std::string_view name);
    bool skipSymbol(std::string_view symbol);
    bool skipName(std::string_view name);
    Token expect(TokenType type, const char* what);
    void expectSymbol(std::string_view symbol);
    [[noreturn]] void failHere(const std::string& message);
    [[noreturn]] void failUnexpected();
    NameId intern(const std::string& name);

    // Statements (parser.cpp).
    Body parseUntil(const Names& ends);
    Body parseBody(const Names& ends);
    std::string parseBodyAndEnd(const Names& ends, Body& body);
    StatementPtr parseStatement();
    StatementPtr parseTag(const std::string& tag, int line);
    [[noreturn]] void failUnknownTag(const std::string& tag, int line);
    StatementPtr parseFor(int line);
    StatementPtr parseIf(int line);
    StatementPtr parseSet(int line);
    StatementPtr parseWith(int line);
    StatementPtr parseMacro(int line);
    StatementPtr parseCallBlock(int line);
    StatementPtr parseFilterBlock(int line);
    StatementPtr parseScope(int line, bool named);
    StatementPtr parseLoopControl(Statement::Kind kind, int line);
    StatementPtr parseRefusal(int line);
    void parseSignature(MacroStatement& macro);
    void parseMacroBody(MacroStatement& macro, std::string_view end);
    Target parseTarget(bool withNamespace);
    Target toTarget(const Expression& expression);

    // Expressions (expression_parser.cpp).
    enum class Conditionals { allowed, excluded };
    ExpressionPtr parseExpression(Conditionals conditionals = Conditionals::allowed);
    ExpressionPtr parseTuple(Conditionals conditionals = Conditionals::allowed,
                             bool mayBeEmpty = false);
    ExpressionPtr parseConditional();
    ExpressionPtr parseLogic(bool conjunction);
    ExpressionPtr parseNot();
    ExpressionPtr parseComparison();
    bool takeComparison(Comparison& comparison);
    ExpressionPtr parseArithmetic(int level);
    ExpressionPtr parseConcatenation();
    ExpressionPtr parseSigned();
    ExpressionPtr parsePrimary();
    ExpressionPtr parseNameOrConstant();
    ExpressionPtr parseNumber();
    ExpressionPtr parseList();
    ExpressionPtr parseDict();
    // Postfixes (postfix_parser.cpp).
    ExpressionPtr parsePostfixes(ExpressionPtr base, bool withFilters);
    Postfix parseAttribute();
    Postfix parseSubscript();
    void parseSubscribed(Postfix& postfix);
    Postfix parseTest();
    Postfix parseFilter();
    std::unique_ptr<PostfixExpression> parseFilterHead(bool inlineStart);
    std::string parseDottedName();
    std::unique_ptr<const CallArguments> parseArguments();
    bool atTupleEnd();

    class Nested;

    std::vector<Token> m_tokens;
    std::size_t m_position = 0;
    Template m_template;
    std::map<std::string, NameId, std::less<>> m_ids;
    std::vector<std::string> m_openTags;
    std::vector<Names> m_endings;
    std::vector<MacroStatement*> m_macros;
    int m_loopDepth = 0;
    int m_nesting = 0;
};

// Counts brackets and blocks within one another.
class Parser::Nested {
public:
    explicit Nested(Parser& parser) : m_parser(parser) {
        if (++m_parser.m_nesting > kMaxNesting) {
            fail(
                "brackets and blocks are nested more than " + std::to_string(kMaxNesting) + " deep",
                m_parser.m_tokens[m_parser.m_position].line);
        }
    }
    ~Nested() { --m_parser.m_nesting; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

private:
    Parser& m_parser;
};

}  // namespace apertura::jinja
