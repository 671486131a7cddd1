// What the command line prints: JSON of one line, text for a terminal, and progress beside it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "inference/engine.h"

namespace apertura::cli {

using Json = nlohmann::ordered_json;

// One line, ASCII-escaped, to standard output at once.
void printJson(const Json& value);
// Text to standard output at once. On a terminal, control characters other than line break and tab
// become U+FFFD, so that a model's text cannot steer the terminal.
void printText(std::string_view utf8);
// One sentence to standard error.
void printError(std::string_view sentence);

bool inputIsTerminal();
bool outputIsTerminal();

// A number as JSON has it; "inf", "-inf", "nan" where it has none.
Json numberToJson(double value);
Json toJson(const std::vector<SampledToken>& tokens);
Json toJson(const Metrics& metrics);
// {"ids","text","thoughts","tool_calls","finish_reason","logprobs","metrics"}
Json toJson(const Generation& generation);

// A line on standard error that is written over; nothing where that is no terminal.
class ProgressLine {
public:
    ~ProgressLine() { clear(); }
    void show(const PhaseEvent& phase);
    void clear();

private:
    std::string m_shown;
};

// Prints an answer while it streams: the response, and on a terminal, in faint letters, what else
// the model writes.
class AnswerPrinter {
public:
    void handle(const Event& event);
    // Ends the line of the answer.
    void finish();
    // In place of finish() where there is no answer, or one that is printed otherwise: leaves
    // nothing half done.
    void abandon();

private:
    void print(const TextEvent& text);

    ProgressLine m_progress;
    SpanKind m_kind = SpanKind::response;
    bool m_begun = false;
};

}  // namespace apertura::cli
