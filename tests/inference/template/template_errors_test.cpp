// What ChatTemplate says when a template or its input is at fault, and the limits that the golden
// lines do not reach.
#include <string>
#include <utility>

#include "inference/text/chat_template.h"
#include "tests/support/cases.h"
#include "tests/support/pace.h"

namespace apertura::test {

namespace {

Result<std::string> render(const std::string& source, const TemplateInput& input = {}) {
    const Result<ChatTemplate> chatTemplate = ChatTemplate::parse(source);
    return chatTemplate.ok() ? chatTemplate->render(input)
                             : Result<std::string>(chatTemplate.error());
}

void expectError(Findings& findings, const std::string& source, const std::string& message,
                 int line) {
    const Result<std::string> result = render(source);
    if (findings.verify(!result.ok(), source.substr(0, 100) + " renders")) {
        findings.equal(result.error().message, message, source.substr(0, 100));
        findings.equal(result.error().line, line, "line of " + source.substr(0, 100));
        findings.equal(errorCodeName(result.error().code), std::string("invalidRequest"), "code");
    }
}

void messages(Findings& findings) {
    expectError(findings, "a\n{{ 1 + }}", "Chat template, line 2: '}}' is unexpected.", 2);
    expectError(findings, "{% if a %}\nb",
                "Chat template, line 2: the template ends where 'elif' or 'else' or "
                "'endif' is missing for 'if'.",
                2);
    expectError(findings, "{% frob %}", "Chat template, line 1: the tag 'frob' is not known.", 1);
    expectError(findings, "\n\n{{ missing.x }}", "Chat template, line 3: 'missing' is undefined.",
                3);
    expectError(findings, "{{ raise_exception('Stop here!') }}",
                "Chat template, line 1: Stop here!", 1);
    expectError(findings, "{{ x | nofilter }}",
                "Chat template, line 1: there is no filter 'nofilter'.", 1);
    expectError(findings, "{{ 'a' + 1 }}",
                "Chat template, line 1: '+' does not go with 'str' and 'int'.", 1);
    expectError(findings, "{% macro m(a) %}{% endmacro %}\n{{ m(1, 2) }}",
                "Chat template, line 1: the macro 'm' takes not more than 1 arguments.", 1);
    expectError(findings, "\xff", "Chat template, line 1: the template is not UTF-8.", 1);
    expectError(findings, "{{ 9223372036854775807 + 1 }}",
                "Chat template, line 1: an integer does not fit 64 bits.", 1);
}

void badInput(Findings& findings) {
    TemplateInput input;
    input.messagesJson = "[1, 2";
    const Result<std::string> result = render("x", input);
    findings.verify(!result.ok() && result.error().message.find(
                                        "the list of messages is not JSON") != std::string::npos,
                    "a cut list of messages is refused by name");
    input = {};
    input.variablesJson = "[]";
    findings.verify(!render("x", input).ok(), "variables must be an object");
    input = {};
    input.variablesJson = R"({"x": 123456789012345678901234567890})";
    findings.verify(!render("{{ x }}", input).ok(), "an integer beyond 64 bits is refused");
    input.variablesJson = R"({"date": "2026-02-30"})";
    findings.verify(!render("{{ strftime_now('%d') }}", input).ok(),
                    "a day that does not exist is refused");
}

void deepInput(Findings& findings) {
    TemplateInput input;
    input.messagesJson = std::string(1'000'000, '[');
    findings.verify(!render("x", input).ok(), "an open list of great depth");
    input.messagesJson += std::string(1'000'000, ']');
    findings.verify(!render("x", input).ok(), "a list of great depth");
}

// Each would take quadratic time, a deep stack or much memory in a simple engine.
void hostileTemplates(Findings& findings) {
    const std::string setup = "{% set ns = namespace() %}";
    const char* const sources[] = {
        "{% set a = 'a' * 8000000 %}{{ (a ~ 'b').find(a[1:4000000] ~ 'c') }}",
        "{% set a = 'a' * 8000000 %}{{ a.rfind('b' ~ a[1:4000000]) }}{{ ('b' ~ a[1:4000000]) in a "
        "}}",
        "{% for i in range(100000) %}{% set p = ns.l %}{% for j in [1] recursive %}{% set ns.l = "
        "loop %}"
        "{% endfor %}{% endfor %}",
        "{% set ns.x = ns %}{{ ns }}",
        "{% for i in range(100000) %}{% set p = ns.m %}{% macro m() %}{{ p }}{% endmacro %}"
        "{% set ns.m = m %}{% endfor %}",
        "{% for i in range(100000) %}{% set n = namespace(next=ns.n) %}{% set ns.n = n %}{% endfor "
        "%}",
        "{% for i in range(2) %}{{ loop.changed(loop) }}{{ loop.changed([loop]) }}{% endfor %}",
        "{% for i in range(1000) %}{% set ns.l = [ns.l, 'x' * 15000000] %}{% endfor %}",
        "{% macro m(n) %}{{ 'x' * 15000000 }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% set ns.g = [1] %}{% for i in range(1000) %}{% set ns.g = ns.g | map('string') %}{% "
        "endfor %}{{ ns.g | list }}",
        "{% set ns.t = (1, 2) %}{% for i in range(60) %}{% set ns.t = (ns.t, ns.t) %}{% endfor "
        "%}{{ {ns.t: 1} }}",
        "{{ '{:0100000000,}'.format(1) }}",
        "{{ '%*d' % (-9223372036854775807 - 1, 1) }}",
        "{{ range(9223372036854775807, -9223372036854775807, -1) | length }}",
        "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ 'abc'[::-9223372036854775807] }}{{ [1, 2, "
        "3][-9223372036854775807:9223372036854775807:5] }}",
    };
    for (const char* source : sources) {
        const double begin = workSeconds();
        const Result<std::string> result = render(setup + source);
        findings.verify(workSeconds() - begin < 30 * kPatience,
                        std::string(source) + " takes long");
        findings.verify(!result.ok() || result->size() < 1000,
                        std::string(source) + " gives much text");
    }
}

void nestingAtTheLimit(Findings& findings) {
    const auto repeated = [](const std::string& unit, int count) {
        std::string text;
        for (int i = 0; i < count; ++i) {
            text += unit;
        }
        return text;
    };
    const std::string deep = "{{ " + repeated("[", 150) + "1" + repeated("]", 150) + " }}";
    findings.verify(render(deep).ok(), "150 brackets are fine");
    // The deepest recursion that the limits allow: every macro call goes through deep expressions.
    const std::string macro = "{% macro m() %}{{ " + repeated("(0, ", 90) + "m()" +
                              repeated(")[1]", 90) + " }}{% endmacro %}{{ m() }}";
    findings.verify(!render(macro).ok(), "a macro that calls itself ends");
}

void rendersAlike(Findings& findings) {
    TemplateInput input;
    input.messagesJson = R"([{"role": "user", "content": "a"}])";
    input.addGenerationPrompt = true;
    input.variablesJson = R"({"add_generation_prompt": false})";
    const Result<ChatTemplate> chatTemplate = ChatTemplate::parse(
        "{{ messages[0].content }}{{ add_generation_prompt }}{{ tools }}{{ documents }}");
    if (findings.verify(chatTemplate.ok(), "parses")) {
        for (int i = 0; i < 2; ++i) {
            const Result<std::string> result = chatTemplate->render(input);
            findings.equal(result.ok() ? *result : result.error().message,
                           std::string("aFalseNoneNone"), "text");
        }
    }
}

// What Jinja2 3.1.6 makes of constructs that the golden lines do not have.
void furtherConstructs(Findings& findings) {
    const std::pair<const char*, const char*> expectations[] = {
        {"{{ range(0, 5, 2) }} {{ range(3)[::2] }} {{ range(5, 0, -1)[::2] }} {{ range(3)[5:] }}",
         "range(0, 5, 2) range(0, 3, 2) range(5, 0, -2) range(3, 3)"},
        {"{{ -6.5 // -7 }} {{ -2.5 | round(-2, 'ceil') }}", "0.0 0.0"},
        {"{{ none | map('upper') | list }}{{ none | selectattr('a') | list }}", "[][]"},
        {"{{ [1, 2] | sort(attribute='v') }}", "[1, 2]"},
        {"{{ '{:\u00e9>5}'.format(5) }}", "\u00e9\u00e9\u00e9\u00e95"},
        {"{{ 'a' % missing }}", "a"},
        {"{{ dict(mapping=1) }}{{ namespace(mapping=2).mapping }}{{ '{self}'.format(self=3) }}",
         "{'mapping': 1}23"},
    };
    for (const auto& [source, expected] : expectations) {
        const Result<std::string> result = render(source);
        findings.equal(result.ok() ? *result : result.error().message, std::string(expected),
                       source);
    }
    findings.verify(!render("{% set z = none %}{{ z[1:] }}").ok(), "none cannot be sliced");
    const auto lowest = render("{{ (-9223372036854775807 - 1) | round(-1) }}");
    findings.verify(!lowest.ok() && lowest.error().message.find("64 bits") != std::string::npos,
                    "-9223372036854775810 fits 64 bits");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"errorsNameLineAndConstruct", messages},
        {"badInputIsRefusedByName", badInput},
        {"deeplyNestedInputIsRefused", deepInput},
        {"hostileTemplatesEndSoon", hostileTemplates},
        {"nestingIsBoundedButNotTight", nestingAtTheLimit},
        {"furtherConstructsRenderAsInJinja2", furtherConstructs},
        {"aTemplateRendersAgainAndAgain", rendersAlike},
    };
}

}  // namespace apertura::test
