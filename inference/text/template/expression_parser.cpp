#include "inference/text/template/literals.h"
#include "inference/text/template/parser.h"

namespace apertura::jinja {

ExpressionPtr Parser::parseExpression(Conditionals conditionals) {
    const Nested nested(*this);
    return conditionals == Conditionals::allowed ? parseConditional() : parseLogic(false);
}

bool Parser::atTupleEnd() {
    return current().type == TokenType::printEnd || current().type == TokenType::blockEnd ||
           isSymbol(")");
}

// One expression, or several with commas: a tuple without parentheses.
ExpressionPtr Parser::parseTuple(Conditionals conditionals, bool mayBeEmpty) {
    int line = current().line;
    auto tuple = std::make_unique<SequenceExpression>(line);
    tuple->tuple = true;
    bool single = true;
    while (true) {
        if (!tuple->items.empty()) {
            expectSymbol(",");
        }
        if (atTupleEnd()) {
            break;
        }
        tuple->items.push_back(parseExpression(conditionals));
        if (!isSymbol(",")) {
            break;
        }
        single = false;
        line = current().line;
    }
    if (single && !tuple->items.empty()) {
        return std::move(tuple->items.front());
    }
    if (single && !mayBeEmpty) {
        failHere("an expression is missing");
    }
    tuple->line = line;
    return tuple;
}

ExpressionPtr Parser::parseConditional() {
    const int line = current().line;
    ExpressionPtr value = parseLogic(false);
    auto whole = std::make_unique<ConditionalExpression>(line);
    int unfinished = 0;
    while (skipName("if")) {
        ExpressionPtr test = parseLogic(false);
        if (skipName("else")) {
            whole->branches.push_back({std::move(test), std::move(value)});
            value = parseLogic(false);
            continue;
        }
        // `a if b if c`: what has no else becomes the value of the next one.
        if (++unfinished > kMaxNesting) {
            failHere("conditions without 'else' are nested too deeply");
        }
        auto inner = std::make_unique<ConditionalExpression>(value->line);
        inner->branches.push_back({std::move(test), std::move(value)});
        value = std::move(inner);
    }
    if (whole->branches.empty()) {
        return value;
    }
    whole->otherwise = std::move(value);
    return whole;
}

ExpressionPtr Parser::parseLogic(bool conjunction) {
    const std::string_view word = conjunction ? "and" : "or";
    int line = current().line;
    ExpressionPtr first = conjunction ? parseNot() : parseLogic(true);
    if (!isName(word)) {
        return first;
    }
    auto logic = std::make_unique<LogicExpression>(line);
    logic->conjunction = conjunction;
    logic->items.push_back(std::move(first));
    while (skipName(word)) {
        logic->line = line;
        logic->items.push_back(conjunction ? parseNot() : parseLogic(true));
        line = current().line;
    }
    return logic;
}

ExpressionPtr Parser::parseNot() {
    if (!isName("not")) {
        return parseComparison();
    }
    auto negation = std::make_unique<NegationExpression>(current().line);
    while (skipName("not")) {
        ++negation->count;
    }
    negation->operand = parseComparison();
    return negation;
}

bool Parser::takeComparison(Comparison& comparison) {
    static constexpr std::pair<std::string_view, Comparison> kSymbols[] = {
        {"==", Comparison::equal},  {"!=", Comparison::notEqual},
        {"<", Comparison::less},    {"<=", Comparison::lessEqual},
        {">", Comparison::greater}, {">=", Comparison::greaterEqual}};
    for (const auto& [symbol, meaning] : kSymbols) {
        if (skipSymbol(symbol)) {
            comparison = meaning;
            return true;
        }
    }
    if (skipName("in")) {
        comparison = Comparison::in;
        return true;
    }
    if (isName("not") && following().type == TokenType::name && following().text == "in") {
        take();
        take();
        comparison = Comparison::notIn;
        return true;
    }
    return false;
}

ExpressionPtr Parser::parseComparison() {
    const int line = current().line;
    ExpressionPtr first = parseArithmetic(0);
    Comparison comparison{};
    if (!takeComparison(comparison)) {
        return first;
    }
    auto chain = std::make_unique<ComparisonExpression>(line);
    chain->first = std::move(first);
    do {
        chain->rest.emplace_back(comparison, parseArithmetic(0));
    } while (takeComparison(comparison));
    return chain;
}

// Level 0: + and -; 1: * / // and %; 2: **. All from left to right; ~ stands between 0 and 1.
ExpressionPtr Parser::parseArithmetic(int level) {
    struct Symbol {
        int level;
        std::string_view text;
        Operator meaning;
    };
    static constexpr Symbol kSymbols[] = {
        {0, "+", Operator::add},    {0, "-", Operator::subtract},     {1, "*", Operator::multiply},
        {1, "/", Operator::divide}, {1, "//", Operator::floorDivide}, {1, "%", Operator::modulo},
        {2, "**", Operator::power}};
    const auto operand = [&] {
        return level == 0 ? parseConcatenation() : level == 1 ? parseArithmetic(2) : parseSigned();
    };
    int line = current().line;
    ExpressionPtr first = operand();
    std::unique_ptr<ArithmeticExpression> chain;
    while (true) {
        const Symbol* found = nullptr;
        for (const Symbol& symbol : kSymbols) {
            if (symbol.level == level && isSymbol(symbol.text)) {
                found = &symbol;
            }
        }
        if (found == nullptr) {
            break;
        }
        take();
        if (!chain) {
            chain = std::make_unique<ArithmeticExpression>(line);
            chain->first = std::move(first);
        }
        chain->line = line;
        chain->rest.emplace_back(found->meaning, operand());
        line = current().line;
    }
    return chain ? ExpressionPtr(std::move(chain)) : std::move(first);
}

ExpressionPtr Parser::parseConcatenation() {
    const int line = current().line;
    ExpressionPtr first = parseArithmetic(1);
    if (!isSymbol("~")) {
        return first;
    }
    auto concatenation = std::make_unique<ConcatenationExpression>(line);
    concatenation->items.push_back(std::move(first));
    while (skipSymbol("~")) {
        concatenation->items.push_back(parseArithmetic(1));
    }
    return concatenation;
}

// Signs bind tighter than filters and tests: -1|abs is 1.
ExpressionPtr Parser::parseSigned() {
    if (!isSymbol("-") && !isSymbol("+")) {
        return parsePostfixes(parsePrimary(), true);
    }
    auto signs = std::make_unique<SignsExpression>(current().line);
    while (isSymbol("-") || isSymbol("+")) {
        signs->signs += take().text;
    }
    signs->operand = parsePostfixes(parsePrimary(), false);
    return parsePostfixes(std::move(signs), true);
}

ExpressionPtr Parser::parsePrimary() {
    const int line = current().line;
    switch (current().type) {
        case TokenType::name:
            return parseNameOrConstant();
        case TokenType::text: {
            std::string text;
            while (current().type == TokenType::text) {
                text += take().text;
            }
            return std::make_unique<ConstantExpression>(makeConstantText(std::move(text)), line);
        }
        case TokenType::integer:
        case TokenType::real:
            return parseNumber();
        default:
            break;
    }
    if (skipSymbol("(")) {
        ExpressionPtr inner = parseTuple(Conditionals::allowed, true);
        expectSymbol(")");
        return inner;
    }
    if (isSymbol("[")) {
        return parseList();
    }
    if (isSymbol("{")) {
        return parseDict();
    }
    failUnexpected();
}

ExpressionPtr Parser::parseNameOrConstant() {
    const Token token = take();
    const std::string& name = token.text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
        const bool value = name[0] == 't' || name[0] == 'T';
        return std::make_unique<ConstantExpression>(Value::boolean(value), token.line);
    }
    if (name == "none" || name == "None") {
        return std::make_unique<ConstantExpression>(Value::none(), token.line);
    }
    for (MacroStatement* macro : m_macros) {
        macro->usesCaller = macro->usesCaller || name == "caller";
        macro->usesVarargs = macro->usesVarargs || name == "varargs";
        macro->usesKwargs = macro->usesKwargs || name == "kwargs";
    }
    return std::make_unique<NameExpression>(intern(name), token.line);
}

ExpressionPtr Parser::parseNumber() {
    const Token token = take();
    try {
        if (token.type == TokenType::integer) {
            const Value value = Value::integer(parseInteger(token.text, 0).value_or(0));
            return std::make_unique<ConstantExpression>(value, token.line);
        }
    } catch (TemplateError& error) {
        fail(error.message, token.line);
    }
    return std::make_unique<ConstantExpression>(Value::real(parseReal(token.text).value_or(0)),
                                                token.line);
}

ExpressionPtr Parser::parseList() {
    auto list = std::make_unique<SequenceExpression>(current().line);
    expectSymbol("[");
    while (!isSymbol("]")) {
        if (!list->items.empty()) {
            expectSymbol(",");
            if (isSymbol("]")) {
                break;
            }
        }
        list->items.push_back(parseExpression());
    }
    expectSymbol("]");
    return list;
}

ExpressionPtr Parser::parseDict() {
    auto dict = std::make_unique<DictExpression>(current().line);
    expectSymbol("{");
    while (!isSymbol("}")) {
        if (!dict->entries.empty()) {
            expectSymbol(",");
            if (isSymbol("}")) {
                break;
            }
        }
        ExpressionPtr key = parseExpression();
        expectSymbol(":");
        dict->entries.emplace_back(std::move(key), parseExpression());
    }
    expectSymbol("}");
    return dict;
}

}  // namespace apertura::jinja
