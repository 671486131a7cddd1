#include "kernels/cuda/kv_cache.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/cuda/kv_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

// BF16 keeps 8 bits: half a unit is at most 2^-8 of the number. int8: half a code, and the scale's own
// rounding (2^-11 of it, times up to 127 codes), which also bounds what the largest code is cut by.
double tolerance(cuda::KvFormat format, double number, double largest) {
    if (format == cuda::KvFormat::bf16) {
        return std::abs(number) * 0x1p-8;
    }
    return largest / 127 * (0.5 + 127 * 0x1p-11) * 1.001 + 0x1p-24 * 127;
}

void compareRows(Findings& findings, const cuda::KvCacheView& view,
                 const std::vector<double>& stored, const std::vector<float>& given,
                 std::int64_t firstPosition) {
    const std::int64_t columns = view.kvHeads * view.headDim;
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(given.size()) / view.headDim;
         ++row) {
        const std::int64_t position = firstPosition + row / view.kvHeads;
        const std::int64_t head = row % view.kvHeads;
        const float* const source = given.data() + row * view.headDim;
        const double* const target =
            stored.data() + (head * view.capacity + position) * view.headDim;
        double largest = 0.0;
        for (std::int64_t d = 0; d < view.headDim; ++d) {
            largest = std::max(largest, std::abs(static_cast<double>(source[d])));
        }
        for (std::int64_t d = 0; d < view.headDim; ++d) {
            const double expected = source[d];
            if (!(std::abs(target[d] - expected) <= tolerance(view.format, expected, largest))) {
                findings.fail("row " + std::to_string(row) + " of " + std::to_string(columns) +
                              " columns, dim " + std::to_string(d) + ": " +
                              std::to_string(target[d]) + " for " + std::to_string(expected));
                return;
            }
        }
    }
}

void storesWhatItIsGiven(Findings& findings, cuda::KvFormat format) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(5);
        for (const KvShape shape : {KvShape{1, 8, 3}, KvShape{3, 72, 7}, KvShape{2, 128, 9},
                                    KvShape{5, 64, 33}, KvShape{1, 256, 5}}) {
            const RandomKv cache(format, shape, shape.capacity, random, stream);
            const KvNumbers stored = readKv(cache.view, stream);
            compareRows(findings, cache.view, stored.keys, cache.key, 0);
            compareRows(findings, cache.view, stored.values, cache.value, 0);
        }
    });
}

void readsThePositionFromMemory(Findings& findings, cuda::KvFormat format) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(6);
        const KvShape shape{2, 24, 11};
        const RandomKv cache(format, shape, 4, random, stream);
        const KvNumbers before = readKv(cache.view, stream);
        const std::int64_t columns = shape.kvHeads * shape.headDim;
        const auto key = randomVector(static_cast<std::size_t>(3 * columns), 1.0F, random);
        const auto deviceKey = toDevice(key, stream);
        const auto position = toDevice(std::vector<std::int32_t>{7}, stream);
        const kernels::Matrix<const float> rows(deviceKey.as<const float>(), 3, columns);
        cuda::appendKv(cache.view, rows, rows, cuda::Position(position.as<const std::int32_t>()),
                       stream);
        const KvNumbers after = readKv(cache.view, stream);
        compareRows(findings, cache.view, after.keys, key, 7);
        compareRows(findings, cache.view, after.values, key, 7);
        const auto oneHead = static_cast<std::size_t>(7 * shape.headDim);
        findings.verify(std::equal(after.keys.begin(),
                                   after.keys.begin() + static_cast<std::ptrdiff_t>(oneHead),
                                   before.keys.begin()),
                        "earlier positions changed");
    });
}

void showsWhatIsNotFinite(Findings& findings, cuda::KvFormat format) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(7);
        const KvShape shape{1, 16, 2};
        const RandomKv cache(format, shape, 1, random, stream);
        std::vector<float> key(16, 1.0F);
        key[3] = std::nanf("");
        const auto deviceKey = toDevice(key, stream);
        const kernels::Matrix<const float> row(deviceKey.as<const float>(), 1, 16);
        cuda::appendKv(cache.view, row, row, 1, stream);
        findings.verify(std::isnan(readKv(cache.view, stream).keys[16 + 3]), "a NaN was lost");
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto format : {cuda::KvFormat::bf16, cuda::KvFormat::int8}) {
        const std::string name = kvFormatName(format);
        all.push_back({name + "StoresWhatItIsGiven",
                       [=](Findings& findings) { storesWhatItIsGiven(findings, format); }});
        all.push_back({name + "ReadsThePositionFromMemory",
                       [=](Findings& findings) { readsThePositionFromMemory(findings, format); }});
        all.push_back({name + "ShowsWhatIsNotFinite",
                       [=](Findings& findings) { showsWhatIsNotFinite(findings, format); }});
    }
    return all;
}

}  // namespace apertura::test
