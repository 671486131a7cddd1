// Cuts a template's source into tokens as Jinja2 does with trim_blocks and lstrip_blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace apertura::jinja {

enum class TokenType {
    data,
    printBegin,
    printEnd,
    blockBegin,
    blockEnd,
    name,
    text,
    integer,
    real,
    symbol,  // an operator or a bracket: Token::text
    end,
    error,  // Token::text is the message: reported when the parser arrives here
};

struct Token {
    TokenType type = TokenType::end;
    std::string text;  // a literal's value with its escapes resolved; digits of numbers without '_'
    int line = 1;
};

// Ends in one token `end`, or `error`.
// Requires: valid UTF-8 whose line ends are '\n'.
std::vector<Token> tokenize(std::string_view source);

}  // namespace apertura::jinja
