// The packed layout against its own description, most of it when this file is compiled.
#include "kernels/packed_layout.h"

#include <set>
#include <utility>

#include "tests/support/cases.h"

namespace apertura::kernels {

namespace {

constexpr bool same(CodePosition a, CodePosition b) {
    return a.byte == b.byte && a.shift == b.shift;
}

// 4 bits: byte 4r + k of chunk j has input 8j + k low and 8j + 4 + k high.
static_assert(same(codePosition(CodeBits::four, 0, 0, 64), {0, 0}));
static_assert(same(codePosition(CodeBits::four, 0, 4, 64), {0, 4}));
static_assert(same(codePosition(CodeBits::four, 0, 3, 64), {3, 0}));
static_assert(same(codePosition(CodeBits::four, 0, 7, 64), {3, 4}));
static_assert(same(codePosition(CodeBits::four, 1, 0, 64), {4, 0}));
static_assert(same(codePosition(CodeBits::four, 15, 7, 64), {63, 4}));
static_assert(same(codePosition(CodeBits::four, 0, 8, 64), {64, 0}));
static_assert(same(codePosition(CodeBits::four, 16, 0, 64), {8 * 64, 0}));
// 8 bits: byte 4r + k of chunk j has input 4j + k.
static_assert(same(codePosition(CodeBits::eight, 2, 3, 64), {11, 0}));
static_assert(same(codePosition(CodeBits::eight, 0, 4, 64), {64, 0}));
static_assert(same(codePosition(CodeBits::eight, 17, 5, 64), {16 * 64 + 64 + 4 + 1, 0}));
// Records follow each other by group, then by row block, whatever the group size.
static_assert(recordBytes(CodeBits::four, 128) == 1024 &&
              recordBytes(CodeBits::eight, 128) == 2048);
static_assert(codePosition(CodeBits::four, 16, 128, 256).byte ==
              3 * recordBytes(CodeBits::four, 128));  // block 1, group 1 of 2
static_assert(codeBytes(CodeBits::four, 17, 256) == 2 * 2 * recordBytes(CodeBits::four, 128));
// Scales [O / 16, G, 16], padded to whole blocks.
static_assert(blockCount(1) == 1 && blockCount(16) == 1 && blockCount(17) == 2 &&
              blockCount(0) == 0);
static_assert(scaleCount(31, 3) == 96 && scaleCount(33, 3) == 144);
static_assert(scaleIndex(0, 0, 3) == 0 && scaleIndex(15, 2, 3) == 47 && scaleIndex(16, 0, 3) == 48);

// Every code has bits of its own, and together they fill the bytes.
void noTwoCodesShareBits(test::Findings& findings, CodeBits bits) {
    const std::int64_t outputs = 32;
    const std::int64_t inputs = 48;
    std::set<std::pair<std::int64_t, int>> taken;
    for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t i = 0; i < inputs; ++i) {
            const CodePosition position = codePosition(bits, o, i, inputs);
            findings.verify(position.byte >= 0 && position.byte < codeBytes(bits, outputs, inputs),
                            "a code lies outside the records");
            findings.verify(taken.insert({position.byte, position.shift}).second,
                            "two codes share bits");
        }
    }
    const std::int64_t perByte = bits == CodeBits::four ? 2 : 1;
    findings.equal(static_cast<std::int64_t>(taken.size()),
                   codeBytes(bits, outputs, inputs) * perByte, "places taken");
}

}  // namespace

}  // namespace apertura::kernels

namespace apertura::test {

std::vector<Case> cases() {
    return {{"noTwoFourBitCodesShareBits",
             [](Findings& findings) {
                 kernels::noTwoCodesShareBits(findings, kernels::CodeBits::four);
             }},
            {"noTwoEightBitCodesShareBits", [](Findings& findings) {
                 kernels::noTwoCodesShareBits(findings, kernels::CodeBits::eight);
             }}};
}

}  // namespace apertura::test
