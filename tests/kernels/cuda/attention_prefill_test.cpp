#include "kernels/cuda/attention_prefill.h"

#include "tests/kernels/cuda/attention_oracle.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

std::vector<float> attend(const RandomKv& cache, const cuda::DeviceBuffer& query,
                          const AttentionShape& shape, cuda::Position firstPosition,
                          cuda::Stream& stream) {
    const auto count = static_cast<std::size_t>(shape.tokens * shape.columns());
    const cuda::DeviceBuffer attended(count * sizeof(float));
    cuda::attendPrefill(cache.view, {query.as<const float>(), shape.tokens, shape.columns()},
                        firstPosition, {attended.as<float>(), shape.tokens, shape.columns()},
                        stream);
    return toHost(attended.as<float>(), count, stream);
}

void agrees(Findings& findings, cuda::KvFormat format, const AttentionShape& shape) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(3);
        const RandomKv cache(format, shape.kv, shape.firstPosition + shape.tokens, random, stream);
        const auto query =
            randomVector(static_cast<std::size_t>(shape.tokens * shape.columns()), 3.0F, random);
        const auto deviceQuery = toDevice(query, stream);
        const auto attended = attend(cache, deviceQuery, shape, shape.firstPosition, stream);
        compareAttention(findings, readKv(cache.view, stream), query, attended, shape);
        const auto position = toDevice(
            std::vector<std::int32_t>{static_cast<std::int32_t>(shape.firstPosition)}, stream);
        findings.verify(
            attended == attend(cache, deviceQuery, shape,
                               cuda::Position(position.as<const std::int32_t>()), stream),
            shape.name() + ": a position in device memory gives another result");
    });
}

}  // namespace

std::vector<Case> cases() {
    const AttentionShape shapes[] = {{{1, 8, 1}, 1, 0, 1},      {{2, 64, 90}, 4, 0, 90},
                                     {{1, 128, 70}, 4, 31, 33}, {{2, 128, 40}, 1, 0, 31},
                                     {{1, 256, 50}, 2, 7, 35},  {{3, 24, 131}, 5, 98, 33},
                                     {{1, 136, 65}, 3, 0, 65},  {{1, 64, 300}, 8, 287, 13}};
    std::vector<Case> all;
    for (const auto format : {cuda::KvFormat::bf16, cuda::KvFormat::int8}) {
        for (const AttentionShape& shape : shapes) {
            all.push_back({std::string(kvFormatName(format)) + " agrees for " + shape.name(),
                           [=](Findings& findings) { agrees(findings, format, shape); }});
        }
    }
    return all;
}

}  // namespace apertura::test
