#include "inference/text/template/parser.h"

namespace apertura::jinja {

ExpressionPtr Parser::parsePostfixes(ExpressionPtr base, bool withFilters) {
    std::unique_ptr<PostfixExpression> whole;
    bool afterFilter = false;
    while (true) {
        Postfix postfix;
        if (!afterFilter && skipSymbol(".")) {
            postfix = parseAttribute();
        } else if (!afterFilter && isSymbol("[")) {
            postfix = parseSubscript();
        } else if (isSymbol("(")) {
            postfix.kind = Postfix::Kind::call;
            postfix.line = current().line;
            postfix.arguments = parseArguments();
        } else if (withFilters && skipSymbol("|")) {
            postfix = parseFilter();
            afterFilter = true;
        } else if (withFilters && skipName("is")) {
            postfix = parseTest();
            afterFilter = true;
        } else {
            break;
        }
        if (!whole) {
            whole = std::make_unique<PostfixExpression>(postfix.line);
            whole->base = std::move(base);
        }
        whole->line = postfix.line;
        whole->rest.push_back(std::move(postfix));
    }
    return whole ? ExpressionPtr(std::move(whole)) : std::move(base);
}

// After the dot.
Postfix Parser::parseAttribute() {
    Postfix postfix;
    postfix.line = m_tokens[m_position - 1].line;
    const Token token = take();
    if (token.type == TokenType::name) {
        postfix.kind = Postfix::Kind::attribute;
        postfix.name = token.text;
        return postfix;
    }
    if (token.type != TokenType::integer) {
        fail("expected a name or a number after '.'", token.line);
    }
    postfix.kind = Postfix::Kind::item;
    --m_position;
    postfix.item = parseNumber();
    return postfix;
}

Postfix Parser::parseSubscript() {
    Postfix postfix;
    postfix.line = current().line;
    postfix.kind = Postfix::Kind::item;
    expectSymbol("[");
    auto tuple = std::make_unique<SequenceExpression>(postfix.line);
    tuple->tuple = true;
    while (!isSymbol("]")) {
        if (!tuple->items.empty()) {
            expectSymbol(",");
        }
        parseSubscribed(postfix);
        if (postfix.kind == Postfix::Kind::slice) {
            break;
        }
        tuple->items.push_back(std::move(postfix.item));
    }
    if (postfix.kind == Postfix::Kind::slice && (!tuple->items.empty() || isSymbol(","))) {
        failHere("a slice stands alone in its brackets");
    }
    expectSymbol("]");
    if (postfix.kind == Postfix::Kind::item) {
        postfix.item =
            tuple->items.size() == 1 ? std::move(tuple->items.front()) : std::move(tuple);
    }
    return postfix;
}

void Parser::parseSubscribed(Postfix& postfix) {
    const auto bound = [this]() -> ExpressionPtr {
        return isSymbol(":") || isSymbol("]") || isSymbol(",") ? nullptr : parseExpression();
    };
    if (!isSymbol(":")) {
        postfix.item = parseExpression();
    }
    if (!skipSymbol(":")) {
        return;
    }
    postfix.kind = Postfix::Kind::slice;
    postfix.from = std::move(postfix.item);
    postfix.to = bound();
    if (skipSymbol(":")) {
        postfix.step = bound();
    }
}

std::string Parser::parseDottedName() {
    std::string name = expect(TokenType::name, "a name").text;
    while (skipSymbol(".")) {
        name += '.';
        name += expect(TokenType::name, "a name").text;
    }
    return name;
}

// After '|', or at the first name of a filter block.
Postfix Parser::parseFilter() {
    Postfix postfix;
    postfix.kind = Postfix::Kind::filter;
    postfix.line = current().line;
    postfix.name = parseDottedName();
    if (isSymbol("(")) {
        postfix.arguments = parseArguments();
    }
    return postfix;
}

std::unique_ptr<PostfixExpression> Parser::parseFilterHead(bool inlineStart) {
    std::unique_ptr<PostfixExpression> filters;
    while (inlineStart || skipSymbol("|")) {
        inlineStart = false;
        Postfix filter = parseFilter();
        if (!filters) {
            filters = std::make_unique<PostfixExpression>(filter.line);
        }
        filters->rest.push_back(std::move(filter));
    }
    return filters;
}

// After 'is'.
Postfix Parser::parseTest() {
    Postfix postfix;
    postfix.kind = Postfix::Kind::test;
    postfix.line = m_tokens[m_position - 1].line;
    postfix.negated = skipName("not");
    postfix.name = parseDottedName();
    if (isSymbol("(")) {
        postfix.arguments = parseArguments();
        return postfix;
    }
    const TokenType type = current().type;
    const bool word = type == TokenType::name && !isName("else") && !isName("or") && !isName("and");
    if (word || type == TokenType::text || type == TokenType::integer || type == TokenType::real ||
        isSymbol("[") || isSymbol("{")) {
        if (isName("is")) {
            failHere("tests cannot be chained with 'is'");
        }
        const Nested nested(*this);
        auto arguments = std::make_unique<CallArguments>();
        arguments->positional.push_back(parsePostfixes(parsePrimary(), false));
        postfix.arguments = std::move(arguments);
    }
    return postfix;
}

std::unique_ptr<const CallArguments> Parser::parseArguments() {
    auto arguments = std::make_unique<CallArguments>();
    const int line = current().line;
    expectSymbol("(");
    const auto ensure = [line](bool fine) {
        if (!fine) {
            fail("the arguments of the call are out of order", line);
        }
    };
    bool first = true;
    while (!isSymbol(")")) {
        if (!first) {
            expectSymbol(",");
            if (isSymbol(")")) {
                break;
            }
        }
        first = false;
        if (skipSymbol("*")) {
            ensure(!arguments->star && !arguments->doubleStar);
            arguments->star = parseExpression();
        } else if (skipSymbol("**")) {
            ensure(!arguments->doubleStar);
            arguments->doubleStar = parseExpression();
        } else if (current().type == TokenType::name && following().type == TokenType::symbol &&
                   following().text == "=") {
            ensure(!arguments->doubleStar);
            std::string name = take().text;
            take();
            arguments->keywords.emplace_back(std::move(name), parseExpression());
        } else {
            ensure(!arguments->star && !arguments->doubleStar && arguments->keywords.empty());
            arguments->positional.push_back(parseExpression());
        }
    }
    expectSymbol(")");
    return arguments;
}

}  // namespace apertura::jinja
