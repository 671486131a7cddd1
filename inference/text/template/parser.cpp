#include "inference/text/template/parser.h"

#include <algorithm>

#include "inference/text/template/checker.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

std::string describe(const Token& token) {
    switch (token.type) {
        case TokenType::data:
            return "text";
        case TokenType::printBegin:
            return "'{{'";
        case TokenType::printEnd:
            return "'}}'";
        case TokenType::blockBegin:
            return "'{%'";
        case TokenType::blockEnd:
            return "'%}'";
        case TokenType::text:
            return "a quoted text";
        case TokenType::integer:
        case TokenType::real:
        case TokenType::name:
        case TokenType::symbol:
            return "'" + token.text + "'";
        case TokenType::end:
            return "the end of the template";
        case TokenType::error:
            return token.text;
    }
    return {};
}

// Line ends become '\n', and one at the end of the source goes.
std::string normalized(std::string_view source) {
    std::string text;
    text.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r') {
            text += source[i];
        } else if (i + 1 == source.size() || source[i + 1] != '\n') {
            text += '\n';
        }
    }
    if (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

std::string listed(const std::vector<std::string_view>& names) {
    std::string text;
    for (const std::string_view name : names) {
        text += (text.empty() ? "'" : " or '") + std::string(name) + "'";
    }
    return text;
}

}  // namespace

Template parseTemplate(std::string_view source) {
    Budget::checkText(source.size());
    if (!unicode::valid(source)) {
        fail("the template is not UTF-8", 1);
    }
    const std::string text = normalized(source);
    Template parsed = Parser(tokenize(text)).parse();
    checkTemplate(parsed);
    return parsed;
}

Template Parser::parse() {
    m_template.body = parseUntil({});
    return std::move(m_template);
}

const Token& Parser::current() {
    const Token& token = m_tokens[m_position];
    if (token.type == TokenType::error) {
        fail(token.text, token.line);
    }
    return token;
}

const Token& Parser::following() {
    if (m_position + 1 < m_tokens.size()) {
        const Token& token = m_tokens[m_position + 1];
        if (token.type == TokenType::error) {
            fail(token.text, token.line);
        }
        return token;
    }
    return m_tokens.back();
}

Token Parser::take() {
    Token token = current();
    if (m_position + 1 < m_tokens.size()) {
        ++m_position;
    }
    return token;
}

bool Parser::isSymbol(std::string_view symbol) {
    return current().type == TokenType::symbol && current().text == symbol;
}

bool Parser::isName(std::string_view name) {
    return current().type == TokenType::name && current().text == name;
}

bool Parser::skipSymbol(std::string_view symbol) {
    const bool there = isSymbol(symbol);
    if (there) {
        take();
    }
    return there;
}

bool Parser::skipName(std::string_view name) {
    const bool there = isName(name);
    if (there) {
        take();
    }
    return there;
}

Token Parser::expect(TokenType type, const char* what) {
    if (current().type != type) {
        failHere(std::string("expected ") + what + ", got " + describe(current()));
    }
    return take();
}

void Parser::expectSymbol(std::string_view symbol) {
    if (!skipSymbol(symbol)) {
        failHere("expected '" + std::string(symbol) + "', got " + describe(current()));
    }
}

void Parser::failHere(const std::string& message) {
    const int line = current().line;
    fail(message, line);
}

void Parser::failUnexpected() {
    failHere(describe(current()) + " is unexpected");
}

NameId Parser::intern(const std::string& name) {
    const auto [entry, added] = m_ids.emplace(name, static_cast<NameId>(m_template.names.size()));
    if (added) {
        m_template.names.push_back(name);
    }
    return entry->second;
}

// Statements up to a tag named in `ends`, whose name is then the current token; without ends, all
// of them.
Body Parser::parseUntil(const Names& ends) {
    Body body;
    m_endings.push_back(ends);
    while (current().type != TokenType::end) {
        const int line = current().line;
        if (current().type == TokenType::data) {
            body.push_back(std::make_unique<TextStatement>(take().text, line));
        } else if (current().type == TokenType::printBegin) {
            take();
            auto print = std::make_unique<PrintStatement>(line);
            print->value = parseTuple();
            print->line = print->value->line;
            expect(TokenType::printEnd, "'}}'");
            body.push_back(std::move(print));
        } else {
            expect(TokenType::blockBegin, "a tag");
            if (current().type == TokenType::name &&
                std::find(ends.begin(), ends.end(), current().text) != ends.end()) {
                break;
            }
            if (StatementPtr statement = parseStatement()) {
                body.push_back(std::move(statement));
            }
            expect(TokenType::blockEnd, "'%}'");
        }
    }
    m_endings.pop_back();
    return body;
}

// The rest of a tag, and statements up to one of `ends`.
Body Parser::parseBody(const Names& ends) {
    const Nested nested(*this);
    skipSymbol(":");
    expect(TokenType::blockEnd, "'%}'");
    Body body = parseUntil(ends);
    if (current().type == TokenType::end) {
        failHere("the template ends where " + listed(ends) + " is missing for '" +
                 m_openTags.back() + "'");
    }
    return body;
}

// The same; also reads the name of the ending tag, and returns it.
std::string Parser::parseBodyAndEnd(const Names& ends, Body& body) {
    body = parseBody(ends);
    return take().text;
}

StatementPtr Parser::parseStatement() {
    if (current().type != TokenType::name) {
        failHere("expected the name of a tag, got " + describe(current()));
    }
    const Token tag = take();
    m_openTags.push_back(tag.text);
    StatementPtr statement = parseTag(tag.text, tag.line);
    m_openTags.pop_back();
    return statement;
}

StatementPtr Parser::parseTag(const std::string& tag, int line) {
    if (tag == "for") {
        return parseFor(line);
    }
    if (tag == "if") {
        return parseIf(line);
    }
    if (tag == "set") {
        return parseSet(line);
    }
    if (tag == "with") {
        return parseWith(line);
    }
    if (tag == "macro") {
        return parseMacro(line);
    }
    if (tag == "call") {
        return parseCallBlock(line);
    }
    if (tag == "filter") {
        return parseFilterBlock(line);
    }
    if (tag == "generation" || tag == "block") {
        return parseScope(line, tag == "block");
    }
    if (tag == "break") {
        return parseLoopControl(Statement::Kind::leaveLoop, line);
    }
    if (tag == "continue") {
        return parseLoopControl(Statement::Kind::nextItem, line);
    }
    if (tag == "print") {
        auto print = std::make_unique<PrintStatement>(line);
        print->value = parseTuple();
        return print;
    }
    if (tag == "include" || tag == "import" || tag == "from" || tag == "extends") {
        return parseRefusal(line);
    }
    failUnknownTag(tag, line);
}

void Parser::failUnknownTag(const std::string& tag, int line) {
    std::string message = "the tag '" + tag + "' is not known";
    if (m_openTags.size() > 1 && !m_endings.back().empty()) {
        message +=
            " here; '" + m_openTags[m_openTags.size() - 2] + "' awaits " + listed(m_endings.back());
    }
    fail(message, line);
}

StatementPtr Parser::parseFor(int line) {
    auto loop = std::make_unique<LoopStatement>(line);
    loop->target = parseTarget(false);
    if (!skipName("in")) {
        failHere("expected 'in', got " + describe(current()));
    }
    loop->sequence = parseTuple(Conditionals::excluded);
    if (skipName("if")) {
        loop->condition = parseExpression();
    }
    loop->recursive = skipName("recursive");
    ++m_loopDepth;
    const std::string end = parseBodyAndEnd({"endfor", "else"}, loop->body);
    --m_loopDepth;
    if (end == "else") {
        parseBodyAndEnd({"endfor"}, loop->otherwise);
    }
    return loop;
}

StatementPtr Parser::parseIf(int line) {
    auto condition = std::make_unique<ConditionStatement>(line);
    int branchLine = line;
    std::string end;
    do {
        ConditionStatement::Branch branch;
        branch.line = branchLine;
        branch.test = parseTuple(Conditionals::excluded);
        end = parseBodyAndEnd({"elif", "else", "endif"}, branch.body);
        condition->branches.push_back(std::move(branch));
        branchLine = current().line;
    } while (end == "elif");
    if (end == "else") {
        parseBodyAndEnd({"endif"}, condition->otherwise);
    }
    return condition;
}

StatementPtr Parser::parseSet(int line) {
    Target target = parseTarget(true);
    if (skipSymbol("=")) {
        auto assignment = std::make_unique<AssignmentStatement>(line);
        assignment->target = std::move(target);
        assignment->value = parseTuple();
        return assignment;
    }
    auto assignment = std::make_unique<BlockAssignmentStatement>(line);
    assignment->target = std::move(target);
    assignment->filters = parseFilterHead(false);
    parseBodyAndEnd({"endset"}, assignment->body);
    return assignment;
}

StatementPtr Parser::parseWith(int line) {
    auto with = std::make_unique<WithStatement>(line);
    while (current().type != TokenType::blockEnd) {
        if (!with->values.empty()) {
            expectSymbol(",");
        }
        Target target = parseTarget(false);
        expectSymbol("=");
        with->values.emplace_back(std::move(target), parseExpression());
    }
    parseBodyAndEnd({"endwith"}, with->body);
    return with;
}

void Parser::parseSignature(MacroStatement& macro) {
    expectSymbol("(");
    while (!isSymbol(")")) {
        if (!macro.parameters.empty()) {
            expectSymbol(",");
        }
        const Token name = expect(TokenType::name, "the name of a parameter");
        if (skipSymbol("=")) {
            macro.defaults.push_back(parseExpression());
        } else if (!macro.defaults.empty()) {
            failHere("a parameter without a default follows one with a default");
        }
        macro.parameters.push_back(intern(name.text));
    }
    expectSymbol(")");
}

// A macro's body is a function of its own: loops outside it cannot be left from within.
void Parser::parseMacroBody(MacroStatement& macro, std::string_view end) {
    const int loopDepth = std::exchange(m_loopDepth, 0);
    m_macros.push_back(&macro);
    parseBodyAndEnd({end}, macro.body);
    m_macros.pop_back();
    m_loopDepth = loopDepth;
    for (const NameId parameter : macro.parameters) {
        const std::string& name = m_template.names[static_cast<std::size_t>(parameter)];
        macro.usesCaller = macro.usesCaller && name != "caller";
        macro.usesVarargs = macro.usesVarargs && name != "varargs";
        macro.usesKwargs = macro.usesKwargs && name != "kwargs";
    }
}

StatementPtr Parser::parseMacro(int line) {
    auto macro = std::make_unique<MacroStatement>(line);
    macro->name = intern(expect(TokenType::name, "the name of a macro").text);
    parseSignature(*macro);
    parseMacroBody(*macro, "endmacro");
    return macro;
}

StatementPtr Parser::parseCallBlock(int line) {
    auto block = std::make_unique<CallBlockStatement>(line);
    block->caller = std::make_unique<MacroStatement>(line);
    if (isSymbol("(")) {
        parseSignature(*block->caller);
    }
    block->call = parseExpression();
    const bool isCall =
        block->call->kind == Expression::Kind::postfix &&
        static_cast<PostfixExpression&>(*block->call).rest.back().kind == Postfix::Kind::call;
    if (!isCall) {
        fail("a call block needs a call", block->call->line);
    }
    parseMacroBody(*block->caller, "endcall");
    return block;
}

StatementPtr Parser::parseFilterBlock(int line) {
    auto block = std::make_unique<FilterBlockStatement>(line);
    block->filters = parseFilterHead(true);
    parseBodyAndEnd({"endfilter"}, block->body);
    return block;
}

StatementPtr Parser::parseScope(int line, bool named) {
    auto scope = std::make_unique<ScopeStatement>(line);
    std::string name;
    if (named) {
        name = expect(TokenType::name, "the name of a block").text;
    }
    const int loopDepth = std::exchange(m_loopDepth, 0);
    parseBodyAndEnd({named ? "endblock" : "endgeneration"}, scope->body);
    m_loopDepth = loopDepth;
    if (named) {
        skipName(name);
    }
    return scope;
}

StatementPtr Parser::parseLoopControl(Statement::Kind kind, int line) {
    if (m_loopDepth == 0) {
        fail("'" + m_openTags.back() + "' stands outside a loop", line);
    }
    return std::make_unique<SimpleStatement>(kind, line);
}

StatementPtr Parser::parseRefusal(int line) {
    parseExpression();
    while (current().type != TokenType::blockEnd && current().type != TokenType::end) {
        take();
    }
    return std::make_unique<RefusalStatement>(line);
}

Target Parser::parseTarget(bool withNamespace) {
    std::vector<Target> parts;
    bool tuple = false;
    do {
        tuple = tuple || !parts.empty();
        if (!parts.empty() && (current().type == TokenType::blockEnd || isName("in"))) {
            break;
        }
        if (withNamespace && current().type == TokenType::name &&
            following().type == TokenType::symbol && following().text == ".") {
            Target member;
            member.name = intern(take().text);
            take();
            member.member = expect(TokenType::name, "the name of a member").text;
            parts.push_back(std::move(member));
        } else {
            const ExpressionPtr expression = parsePrimary();
            parts.push_back(toTarget(*expression));
        }
    } while (skipSymbol(","));
    if (!tuple) {
        return std::move(parts.front());
    }
    Target target;
    target.parts = std::move(parts);
    return target;
}

Target Parser::toTarget(const Expression& expression) {
    Target target;
    if (expression.kind == Expression::Kind::name) {
        target.name = static_cast<const NameExpression&>(expression).id;
        return target;
    }
    if (expression.kind == Expression::Kind::sequence) {
        const auto& sequence = static_cast<const SequenceExpression&>(expression);
        if (sequence.tuple) {
            for (const ExpressionPtr& item : sequence.items) {
                target.parts.push_back(toTarget(*item));
            }
            return target;
        }
    }
    fail("only names can be assigned to", expression.line);
}

}  // namespace apertura::jinja
