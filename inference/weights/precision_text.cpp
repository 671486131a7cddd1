#include "inference/weights/precision_text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>

namespace apertura {

namespace {

std::string upperCase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string joined(const std::set<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : "/") + part;
    }
    return text;
}

// "4" or "1.58".
std::string bitsText(double bits) {
    char text[16];
    std::snprintf(text, sizeof(text), "%g", bits);
    return text;
}

}  // namespace

std::string precisionText(const std::vector<ModuleInfo>& modules) {
    std::set<std::string> dense;
    std::set<std::string> quantized;
    std::set<std::string> bits;
    std::set<std::int64_t> groups;
    bool adapter = false;
    for (const ModuleInfo& module : modules) {
        adapter = adapter || module.adapterRank > 0;
        if (module.name == "lm_head") {
            continue;
        }
        if (module.groupSize == 0) {
            dense.insert(upperCase(module.format));
            continue;
        }
        quantized.insert(upperCase(module.format));
        bits.insert(bitsText(module.bits));
        groups.insert(module.groupSize);
    }
    std::string text = quantized.empty() ? joined(dense) : joined(quantized);
    if (!quantized.empty()) {
        text.append(" ").append(joined(bits)).append("-bit ");
        for (const std::int64_t size : groups) {
            text.append(size == *groups.begin() ? "g" : "/g").append(std::to_string(size));
        }
    }
    return adapter ? text + " + EoRA" : text;
}

}  // namespace apertura
