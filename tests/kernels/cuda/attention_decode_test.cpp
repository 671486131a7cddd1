#include "kernels/cuda/attention_decode.h"

#include "tests/kernels/cuda/attention_oracle.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

enum class Where { host, device };

// Attends with the position known to the host or read from device memory.
std::vector<float> attend(const RandomKv& cache, const cuda::DeviceBuffer& query,
                          const AttentionShape& shape, Where where, cuda::Stream& stream) {
    const cuda::DeviceBuffer memory(cuda::attentionScratchBytes(
        shape.kv.capacity, shape.queryHeads(), shape.kv.headDim, shape.tokens));
    const auto scratch = cuda::attentionScratchAt(
        memory.data(), shape.kv.capacity, shape.queryHeads(), shape.kv.headDim, shape.tokens);
    const auto count = static_cast<std::size_t>(shape.tokens * shape.columns());
    const cuda::DeviceBuffer attended(count * sizeof(float));
    const auto position =
        toDevice(std::vector<std::int32_t>{static_cast<std::int32_t>(shape.firstPosition)}, stream);
    cuda::attendDecode(cache.view, {query.as<const float>(), shape.tokens, shape.columns()},
                       where == Where::host ? cuda::Position(shape.firstPosition)
                                            : cuda::Position(position.as<const std::int32_t>()),
                       {attended.as<float>(), shape.tokens, shape.columns()}, scratch, stream);
    return toHost(attended.as<float>(), count, stream);
}

void agrees(Findings& findings, cuda::KvFormat format, const AttentionShape& shape) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(3);
        const RandomKv cache(format, shape.kv, shape.firstPosition + shape.tokens, random, stream);
        // Large enough for scores of both signs up to about 10, so that the softmax is not flat.
        const auto query =
            randomVector(static_cast<std::size_t>(shape.tokens * shape.columns()), 3.0F, random);
        const auto deviceQuery = toDevice(query, stream);
        const auto attended = attend(cache, deviceQuery, shape, Where::host, stream);
        compareAttention(findings, readKv(cache.view, stream), query, attended, shape);
        findings.verify(attended == attend(cache, deviceQuery, shape, Where::host, stream),
                        shape.name() + ": a second run differs");
        findings.verify(attended == attend(cache, deviceQuery, shape, Where::device, stream),
                        shape.name() + ": a position in device memory gives another result");
    });
}

}  // namespace

std::vector<Case> cases() {
    const AttentionShape shapes[] = {{{1, 8, 1}, 1, 0, 1},       {{2, 64, 200}, 4, 126, 1},
                                     {{2, 128, 300}, 4, 127, 1}, {{1, 128, 400}, 4, 255, 2},
                                     {{2, 64, 400}, 4, 250, 8},  {{1, 256, 140}, 1, 130, 3},
                                     {{3, 24, 131}, 5, 126, 3},  {{1, 72, 517}, 8, 515, 1},
                                     {{1, 40, 40}, 7, 31, 8},    {{2, 128, 1300}, 4, 1290, 1}};
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
