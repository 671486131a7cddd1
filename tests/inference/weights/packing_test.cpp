#include "inference/weights/packing.h"

#include <atomic>
#include <chrono>
#include <new>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/cases.h"

namespace apertura::test {

namespace {

using kernels::CodeBits;

const std::vector<std::int64_t> kAwkwardRows = {1, 15, 16, 17, 31, 33, 97};

void codesAreReadBackAsTheyWere(Findings& findings) {
    std::mt19937 random(7);
    for (const CodeBits bits : {CodeBits::four, CodeBits::eight}) {
        for (const std::int64_t rows : kAwkwardRows) {
            for (const std::int64_t inputs : {8, 24, 136}) {
                std::vector<std::uint8_t> codes(static_cast<std::size_t>(rows * inputs));
                for (auto& code : codes) {
                    code =
                        static_cast<std::uint8_t>(random() & (bits == CodeBits::four ? 15U : 255U));
                }
                WeightStorage storage;
                const auto unpack = [&](std::int64_t first, std::int64_t count,
                                        std::span<std::uint8_t> target) {
                    const auto begin = codes.begin() + first * inputs;
                    std::copy(begin, begin + count * inputs, target.begin());
                };
                const auto matrix = packCodes({rows, inputs, 8}, bits, unpack, storage, {});
                if (!matrix) {
                    findings.fail(matrix.error().message);
                    return;
                }
                std::size_t wrong = 0;
                for (std::int64_t o = 0; o < rows; ++o) {
                    for (std::int64_t i = 0; i < inputs; ++i) {
                        wrong +=
                            matrix->code(o, i) != codes[static_cast<std::size_t>(o * inputs + i)]
                                ? 1
                                : 0;
                    }
                }
                findings.equal(
                    wrong, std::size_t{0},
                    std::to_string(rows) + " x " + std::to_string(inputs) + " codes that differ");
            }
        }
    }
}

void rowsBeyondTheLastHaveScaleAndCodeZero(Findings& findings) {
    WeightStorage storage;
    const MatrixShape shape{17, 16, 8};
    const auto unpack = [](std::int64_t, std::int64_t, std::span<std::uint8_t> codes) {
        std::fill(codes.begin(), codes.end(), std::uint8_t{15});
    };
    auto matrix = packCodes(shape, CodeBits::four, unpack, storage, {});
    const auto scales =
        packByGroup<std::uint16_t>(shape, storage, [](auto, auto) { return std::uint16_t{1}; });
    findings.verify(matrix.ok() && scales.ok(), "packing failed");
    for (std::int64_t o = 17; o < 32; ++o) {
        findings.equal(matrix->code(o, 3), 0, "code of a padding row");
        findings.equal((*scales)[static_cast<std::size_t>(kernels::scaleIndex(o, 1, 2))],
                       std::uint16_t{0}, "scale of a padding row");
    }
    findings.equal((*scales)[static_cast<std::size_t>(kernels::scaleIndex(16, 1, 2))],
                   std::uint16_t{1}, "scale of the last row");
}

void everyRangeIsWorkedOnOnce(Findings& findings) {
    for (const std::int64_t bytes : {std::int64_t{1}, std::int64_t{1} << 30}) {
        std::vector<std::atomic<int>> visits(1000);
        const auto done =
            forEachRange(1000, 48, bytes, {}, [&](std::int64_t first, std::int64_t count) {
                for (std::int64_t i = first; i < first + count; ++i) {
                    ++visits[static_cast<std::size_t>(i)];
                }
            });
        findings.verify(done.ok(), "forEachRange failed");
        findings.verify(
            std::all_of(visits.begin(), visits.end(), [](const auto& n) { return n == 1; }),
            "an index was left out or taken twice");
    }
}

void aStopLeavesOutTheRest(Findings& findings) {
    std::stop_source stop;
    std::int64_t worked = 0;
    const auto done = forEachRange(1000, 1, 1, stop.get_token(), [&](std::int64_t, std::int64_t) {
        if (++worked == 10) {
            stop.request_stop();
        }
    });
    findings.verify(!done.ok() && done.error().code == ErrorCode::cancelled,
                    "a stopped job is not cancelled");
    findings.equal(worked, std::int64_t{10}, "ranges worked on");
}

// Memory can run out in any of the threads.
void whatAThreadThrowsArrivesAtTheCaller(Findings& findings) {
    for (const std::int64_t bytes : {std::int64_t{1}, std::int64_t{1} << 30}) {
        bool caught = false;
        try {
            (void)forEachRange(1000, 1, bytes, {}, [](std::int64_t first, std::int64_t) {
                std::this_thread::sleep_for(std::chrono::microseconds(10));
                if (first % 100 >= 10) {
                    throw std::bad_alloc();
                }
            });
        } catch (const std::bad_alloc&) {
            caught = true;
        }
        findings.verify(caught, "the exception was lost");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"codesAreReadBackAsTheyWere", codesAreReadBackAsTheyWere},
            {"rowsBeyondTheLastHaveScaleAndCodeZero", rowsBeyondTheLastHaveScaleAndCodeZero},
            {"everyRangeIsWorkedOnOnce", everyRangeIsWorkedOnOnce},
            {"aStopLeavesOutTheRest", aStopLeavesOutTheRest},
            {"whatAThreadThrowsArrivesAtTheCaller", whatAThreadThrowsArrivesAtTheCaller}};
}

}  // namespace apertura::test
