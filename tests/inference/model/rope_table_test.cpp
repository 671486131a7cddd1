#include "inference/model/rope_table.h"

#include <cmath>

#include "tests/support/cases.h"

namespace apertura::test {

namespace {

RopeConfig llama3() {
    RopeConfig rope;
    rope.type = RopeConfig::Type::llama3;
    rope.theta = 12e6;
    rope.factor = 8.0;
    rope.lowFreqFactor = 1.0;
    rope.highFreqFactor = 4.0;
    rope.originalMaxPositionEmbeddings = 8192;
    return rope;
}

void nearly(double actual, double expected, double relative, const std::string& what,
            Findings& findings) {
    if (!(std::abs(actual - expected) <= relative * std::abs(expected))) {
        findings.equal(actual, expected, what);
    }
}

void llama3OfHeadDim128HasTheDocumentedValues(Findings& findings) {
    const auto frequencies = ropeInverseFrequencies(llama3(), 128);
    findings.equal(frequencies.size(), std::size_t{64}, "pairs");
    nearly(frequencies[0], 1.0, 1e-15, "0", findings);
    nearly(frequencies[1], 0.77515364, 1e-7, "1", findings);
    nearly(frequencies[31], 4.655127677e-05, 1e-9, "31", findings);
    nearly(frequencies[32], 3.608439183e-05, 1e-9, "32", findings);
    nearly(frequencies[63], 1.343819609e-08, 1e-9, "63", findings);
    for (std::size_t i = 0; i < 64; ++i) {
        const double ratio = std::pow(12e6, -static_cast<double>(i) / 64.0) / frequencies[i];
        const bool isRight = i <= 22   ? std::abs(ratio - 1) < 1e-12
                             : i <= 28 ? ratio > 1 + 1e-6 && ratio < 8 - 1e-6
                                       : std::abs(ratio - 8) < 1e-12;
        findings.verify(isRight,
                        "pair " + std::to_string(i) + " is divided by " + std::to_string(ratio));
    }
}

void llama3OfHeadDim8HasTheDocumentedValues(Findings& findings) {
    const auto frequencies = ropeInverseFrequencies(llama3(), 8);
    const std::vector<double> expected = {1, 0.016990442, 3.6084392e-05, 6.1308978e-07};
    for (std::size_t i = 0; i < 4; ++i) {
        nearly(frequencies[i], expected[i], 1e-7, std::to_string(i), findings);
    }
}

void standardRopeIsNotScaled(Findings& findings) {
    RopeConfig rope = llama3();
    rope.type = RopeConfig::Type::standard;
    rope.theta = 500000.0;
    const auto frequencies = ropeInverseFrequencies(rope, 64);
    for (std::size_t i = 0; i < 32; ++i) {
        nearly(frequencies[i], std::pow(500000.0, -static_cast<double>(i) / 32), 1e-14,
               std::to_string(i), findings);
    }
}

void theTableGrowsAndKeepsItsRows(Findings& findings) {
    RopeTable table(ropeInverseFrequencies(llama3(), 8));
    table.extend(10);
    table.extend(4);
    table.extend(70000);
    for (const std::int64_t position : {0, 9, 10, 65535}) {
        const auto angle = static_cast<double>(position) * 0.016990442;
        findings.verify(std::abs(table.cosines(position, 1).row(0)[1] - std::cos(angle)) < 5e-5,
                        "cosine");
        findings.verify(std::abs(table.sines(position, 1).row(0)[1] - std::sin(angle)) < 5e-5,
                        "sine");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"llama3OfHeadDim128HasTheDocumentedValues", llama3OfHeadDim128HasTheDocumentedValues},
            {"llama3OfHeadDim8HasTheDocumentedValues", llama3OfHeadDim8HasTheDocumentedValues},
            {"standardRopeIsNotScaled", standardRopeIsNotScaled},
            {"theTableGrowsAndKeepsItsRows", theTableGrowsAndKeepsItsRows}};
}

}  // namespace apertura::test
