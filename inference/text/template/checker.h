// What Jinja2 rejects when it compiles a template that parses: filters and tests that do not exist.
#pragma once

#include "inference/text/template/ast.h"

namespace apertura::jinja {

// Errors: TemplateError with the line. Directly inside an `if` an unknown name is an error only
// when it is used.
void checkTemplate(const Template& parsed);

}  // namespace apertura::jinja
