#include "kernels/cuda/attention_decode.h"

#include "kernels/cuda/quantize_activations.h"
#include "tests/kernels/cuda/attention_oracle.h"
#include "tests/kernels/cuda/planes_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

// Memory and view of the scratch for a shape.
struct Scratch {
    cuda::DeviceBuffer memory;
    cuda::AttentionScratch view;

    explicit Scratch(const AttentionShape& shape)
        : memory(cuda::attentionScratchBytes(shape.kv.capacity, shape.queryHeads(),
                                             shape.kv.headDim, shape.tokens)),
          view(cuda::attentionScratchAt(memory.data(), shape.kv.capacity, shape.queryHeads(),
                                        shape.kv.headDim, shape.tokens)) {}
};

enum class Where { host, device };

// Attends with the position known to the host or read from device memory.
std::vector<float> attend(const RandomKv& cache, const cuda::DeviceBuffer& query,
                          const AttentionShape& shape, Where where, cuda::Stream& stream) {
    const Scratch scratch(shape);
    const auto count = static_cast<std::size_t>(shape.tokens * shape.columns());
    const cuda::DeviceBuffer attended(count * sizeof(float));
    const auto position =
        toDevice(std::vector<std::int32_t>{static_cast<std::int32_t>(shape.firstPosition)}, stream);
    cuda::attendDecode(cache.view, {query.as<const float>(), shape.tokens, shape.columns()},
                       where == Where::host ? cuda::Position(shape.firstPosition)
                                            : cuda::Position(position.as<const std::int32_t>()),
                       {attended.as<float>(), shape.tokens, shape.columns()}, scratch.view, stream);
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

// Combining and quantizing at once gives the very bytes of one after the other.
void quantizesAsItCombines(Findings& findings) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(31);
        const AttentionShape shape{{2, 128, 300}, 3, 260, 3};
        const RandomKv cache(cuda::KvFormat::int8, shape.kv, 263, random, stream);
        const std::int64_t columns = shape.columns();
        const auto query =
            toDevice(randomVector(static_cast<std::size_t>(3 * columns), 3.0F, random), stream);
        std::vector<std::uint16_t> scale(static_cast<std::size_t>(columns));
        for (auto& number : scale) {
            number = kernels::floatToHalf(0.5F + static_cast<float>(random() % 100) / 64);
        }
        const auto inputScale = toDevice(scale, stream);
        const Scratch scratch(shape);
        cuda::attendSplits(cache.view, {query.as<const float>(), 3, columns}, 260, scratch.view,
                           stream);
        const cuda::DeviceBuffer attended(static_cast<std::size_t>(3 * columns) * sizeof(float));
        const kernels::Matrix<float> rows(attended.as<float>(), 3, columns);
        cuda::combineSplits(scratch.view, 260, 128, rows, stream);
        for (const std::uint16_t* const factors :
             {inputScale.as<const std::uint16_t>(), static_cast<const std::uint16_t*>(nullptr)}) {
            const Planes expected(3, columns);
            const Planes got(3, columns);
            cuda::quantizeActivations(rows, factors, nullptr, expected.view, stream);
            const cuda::DeviceBuffer again(attended.size());
            cuda::combineSplits(scratch.view, 260, 128, factors, got.view,
                                {again.as<float>(), 3, columns}, stream);
            findings.verify(toHost(attended.data(), attended.size(), stream) ==
                                toHost(again.data(), again.size(), stream),
                            "the numbers differ");
            cuda::combineSplits(scratch.view, 260, 128, factors, got.view, {}, stream);
            findings.verify(toHost(expected.memory.data(), expected.memory.size(), stream) ==
                                toHost(got.memory.data(), got.memory.size(), stream),
                            "the planes differ");
        }
    });
}

// A graph captured once attends at any position, as a call that knows the position does.
void replaysAtAnyPosition(Findings& findings) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(37);
        AttentionShape shape{{1, 128, 390}, 4, 0, 1};
        const RandomKv cache(cuda::KvFormat::bf16, shape.kv, 390, random, stream);
        const auto query =
            toDevice(randomVector(static_cast<std::size_t>(shape.columns()), 3.0F, random), stream);
        const Scratch scratch(shape);
        const auto count = static_cast<std::size_t>(shape.columns());
        const cuda::DeviceBuffer attended(count * sizeof(float));
        cuda::DeviceBuffer position(sizeof(std::int32_t));
        cuda::check(cudaStreamBeginCapture(stream.handle(), cudaStreamCaptureModeThreadLocal),
                    "cudaStreamBeginCapture");
        cuda::attendDecode(cache.view, {query.as<const float>(), 1, shape.columns()},
                           cuda::Position(position.as<const std::int32_t>()),
                           {attended.as<float>(), 1, shape.columns()}, scratch.view, stream);
        cudaGraph_t graph = nullptr;
        cuda::check(cudaStreamEndCapture(stream.handle(), &graph), "cudaStreamEndCapture");
        cudaGraphExec_t replay = nullptr;
        cuda::check(cudaGraphInstantiate(&replay, graph, 0), "cudaGraphInstantiate");
        for (const std::int32_t at : {0, 127, 128, 389, 5}) {
            position.upload(&at, sizeof(at), 0, stream);
            cuda::check(cudaGraphLaunch(replay, stream.handle()), "cudaGraphLaunch");
            const auto replayed = toHost(attended.as<const float>(), count, stream);
            shape.firstPosition = at;
            findings.verify(replayed == attend(cache, query, shape, Where::host, stream),
                            "the graph differs at position " + std::to_string(at));
        }
        cudaGraphExecDestroy(replay);
        cudaGraphDestroy(graph);
    });
}

}  // namespace

std::vector<Case> cases() {
    const AttentionShape shapes[] = {{{1, 8, 1}, 1, 0, 1},       {{2, 64, 200}, 4, 126, 1},
                                     {{2, 128, 300}, 4, 127, 1}, {{1, 128, 400}, 4, 255, 2},
                                     {{2, 64, 400}, 4, 250, 8},  {{1, 256, 140}, 1, 130, 3},
                                     {{3, 24, 131}, 5, 126, 3},  {{1, 72, 517}, 8, 515, 1},
                                     {{1, 40, 40}, 7, 31, 8},    {{2, 128, 1300}, 4, 1290, 1}};
    std::vector<Case> all = {{"quantizesAsItCombines", quantizesAsItCombines},
                             {"replaysAtAnyPosition", replaysAtAnyPosition}};
    for (const auto format : {cuda::KvFormat::bf16, cuda::KvFormat::int8}) {
        for (const AttentionShape& shape : shapes) {
            all.push_back({std::string(kvFormatName(format)) + " agrees for " + shape.name(),
                           [=](Findings& findings) { agrees(findings, format, shape); }});
        }
    }
    return all;
}

}  // namespace apertura::test
