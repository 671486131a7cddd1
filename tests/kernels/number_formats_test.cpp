#include "kernels/number_formats.h"

#include "tests/support/cases.h"

namespace apertura::test {

std::vector<Case> cases() {
    return {
        {"everyHalfSurvivesTheWayThroughFloat",
         [](Findings& findings) {
             for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
                 const bool isNan = (bits & 0x7C00) == 0x7C00 && (bits & 0x3FF) != 0;
                 const auto half = static_cast<std::uint16_t>(bits);
                 const std::uint16_t back = kernels::floatToHalf(kernels::halfToFloat(half));
                 if (!isNan) {
                     findings.equal(back, half, "half");
                 }
             }
         }},
        {"everyBf16SurvivesTheWayThroughFloat",
         [](Findings& findings) {
             for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
                 const bool isNan = (bits & 0x7F80) == 0x7F80 && (bits & 0x7F) != 0;
                 const auto half = static_cast<std::uint16_t>(bits);
                 const std::uint16_t back = kernels::floatToBf16(kernels::bf16ToFloat(half));
                 if (!isNan) {
                     findings.equal(back, half, "bf16");
                 }
             }
         }},
        {"conversionToHalfRoundsToNearestEven", [](Findings& findings) {
             findings.equal(kernels::floatToHalf(1.0F + 0x1p-11F), 0x3C00, "a tie goes to even");
             findings.equal(kernels::floatToHalf(1.0F + 0x3p-11F), 0x3C02, "a tie goes to even");
             findings.equal(kernels::floatToHalf(65519.9F), 0x7BFF, "below the tie to infinity");
             findings.equal(kernels::floatToHalf(65520.0F), 0x7C00, "the tie to infinity");
             findings.equal(kernels::floatToHalf(0x1p-25F), 0x0000, "half the smallest is a tie");
             findings.equal(kernels::floatToHalf(0x1.8p-25F), 0x0001, "above half the smallest");
             findings.equal(kernels::floatToHalf(-0x1p-24F), 0x8001, "the smallest, negative");
         }}};
}

}  // namespace apertura::test
