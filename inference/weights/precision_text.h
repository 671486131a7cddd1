// The precision of a model for a person.
#pragma once

#include <string>
#include <vector>

#include "inference/engine.h"

namespace apertura {

// E.g. "BF16", "GPTQ 4/8-bit g128 + EoRA", "SINQ 4-bit g64"; of the linears of the layers, the head
// left out.
std::string precisionText(const std::vector<ModuleInfo>& modules);

}  // namespace apertura
