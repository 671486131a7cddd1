// What a template may use up. A template comes with a downloaded checkpoint, so it is not trusted:
// it must neither hang nor exhaust memory nor overflow the stack. Honest templates stay far below
// every limit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace apertura::jinja {

constexpr std::int64_t kMaxSteps = 10'000'000;      // evaluated nodes, and items and text looked at
constexpr double kMaxSeconds = 2.0;                 // of the rendering thread's processor time
constexpr std::size_t kMaxTextBytes = 16'000'000;   // the output, and any one text
constexpr std::size_t kMaxItems = 1'000'000;        // of any one list, tuple or dict
constexpr std::size_t kMaxLiveBytes = 192'000'000;  // all values alive at once
constexpr int kMaxNesting = 200;  // brackets and blocks of the source; values within values
constexpr int kMaxCalls = 100;    // macros and recursive loops within one another
constexpr int kMaxDepth = 2500;   // evaluations within one another: bounds the stack
constexpr std::int64_t kMaxRange = 100'000;    // items of range(), as in Jinja2's sandbox
constexpr std::size_t kTextBytesPerStep = 64;  // copying or searching that much counts as one step

}  // namespace apertura::jinja
