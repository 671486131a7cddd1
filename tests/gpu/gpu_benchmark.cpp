// How fast the CUDA backend decodes and reads prompts on this GPU, beside the bandwidth of a device
// copy and the speed of cuBLAS in the same run. Best and median of some repeats; bytes are those
// that a token must read at the least.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/model/decoder.h"
#include "kernels/cuda/device/stream.h"
#include "tests/gpu/model_bytes.h"
#include "tests/support/synthetic_layers.h"

namespace {

using namespace apertura;
using test::SyntheticFormat;
using test::SyntheticShape;

struct Options {
    std::string format = "int4";
    std::string model;  // a folder; empty: a synthetic one
    SyntheticShape shape;
    std::int64_t context = 512;  // positions in the cache when a token is decoded
    std::vector<std::int64_t> prompts = {512, 2048};
    std::int64_t copyMegabytes = 1024;
    int repeats = 20;
    bool isTiny = false;
};

// Seconds.
struct Timing {
    double best = 0.0;
    double median = 0.0;
};

void waitForDevice() {
    kernels::cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
}

// Runs `work` twice without looking and then `repeats` times with the clock.
Timing measure(int repeats, const std::function<void()>& work) {
    std::vector<double> seconds;
    for (int i = -2; i < repeats; ++i) {
        waitForDevice();
        const auto start = std::chrono::steady_clock::now();
        work();
        waitForDevice();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (i >= 0) {
            seconds.push_back(taken.count());
        }
    }
    std::sort(seconds.begin(), seconds.end());
    return {seconds.front(), seconds[seconds.size() / 2]};
}

double gigabytesPerSecond(double bytes, double seconds) {
    return bytes / seconds * 1e-9;
}

// Bytes a second, read and written, of one large copy within the device.
Timing copyTiming(const Options& options, double& bytes) {
    const auto size = static_cast<std::size_t>(options.copyMegabytes) << 20;
    const kernels::cuda::DeviceBuffer from(size);
    const kernels::cuda::DeviceBuffer to(size);
    kernels::cuda::Stream stream;
    bytes = 2.0 * static_cast<double>(size);
    return measure(options.repeats, [&] {
        kernels::cuda::check(cudaMemcpyAsync(to.data(), from.data(), size, cudaMemcpyDeviceToDevice,
                                             stream.handle()),
                             "cudaMemcpyAsync");
    });
}

// A model on the device and one session of it.
class Bench {
public:
    Bench(std::shared_ptr<const ModelWeights> weights, const Options& options,
          const cuda::Device& device)
        : m_weights(std::move(weights)),
          m_options(options),
          m_backend(device, {contextSize(options), KvType::bf16}),
          m_decoder(m_backend, m_weights->config.numHiddenLayers),
          m_logits(static_cast<std::size_t>(m_weights->config.outputVocabSize)) {}

    Result<void> start() {
        if (auto prepared = m_backend.prepare(m_weights); !prepared) {
            return prepared;
        }
        auto sequence = m_backend.newSequence({contextSize(m_options), KvType::bf16});
        if (!sequence) {
            return sequence.error();
        }
        m_sequence = std::move(*sequence);
        return m_sequence->reserve(contextSize(m_options));
    }

    // One token over `context` cached positions, all its logits brought to the host.
    void decode() {
        const TokenId id = 1;
        forward(m_options.context, std::span(&id, 1),
                {m_logits.data(), 1, m_weights->config.outputVocabSize});
    }

    // `tokens` from position 0 on, in passes as the engine makes them; no logits.
    void readPrompt(std::int64_t tokens) {
        const std::vector<TokenId> ids(static_cast<std::size_t>(tokens), 2);
        const std::int64_t most = m_backend.maxTokensPerPass();
        for (std::int64_t first = 0; first < tokens; first += most) {
            const std::int64_t count = std::min(most, tokens - first);
            forward(first,
                    std::span(ids).subspan(static_cast<std::size_t>(first),
                                           static_cast<std::size_t>(count)),
                    {});
        }
    }

    // One stage of decoding, over all layers in turn.
    void runStage(void (Backend::*stage)(const Pass&, std::int64_t)) {
        const Pass pass{*m_sequence, m_options.context, 1};
        for (std::int64_t layer = 0; layer < m_weights->config.numHiddenLayers; ++layer) {
            (m_backend.*stage)(pass, layer);
        }
    }

    const ModelWeights& weights() const { return *m_weights; }

private:
    static std::int64_t contextSize(const Options& options) {
        return std::max(options.context + 1,
                        *std::max_element(options.prompts.begin(), options.prompts.end()));
    }

    void forward(std::int64_t first, std::span<const TokenId> ids, kernels::Matrix<float> logits) {
        CHECK(m_decoder.forward(*m_sequence, first, ids, logits, {}));
    }

    std::shared_ptr<const ModelWeights> m_weights;
    const Options& m_options;
    cuda::CudaBackend m_backend;
    std::unique_ptr<Sequence> m_sequence;
    Decoder m_decoder;
    std::vector<float> m_logits;
};

double bytesPerToken(const ModelWeights& weights, std::int64_t positions) {
    const ModelConfig& config = weights.config;
    std::int64_t bytes = test::matrixBytes(weights.head);
    for (const LayerWeights& layer : weights.layers) {
        bytes += test::layerBytes(layer) + positions * test::kvBytesPerPosition(config);
    }
    return static_cast<double>(bytes);
}

// One line; `copyRate` is in bytes a second.
void printRate(const std::string& what, const Timing& timing, double bytes, double copyRate) {
    std::printf("%-24s best %9.4f ms, median %9.4f ms; %8.1f MB, %7.1f GB/s, %.3f of the copy\n",
                what.c_str(), 1e3 * timing.best, 1e3 * timing.median, 1e-6 * bytes,
                gigabytesPerSecond(bytes, timing.best), bytes / timing.best / copyRate);
}

// Each stage of decoding alone, all layers one after the other.
void benchStages(Bench& bench, const Options& options, double copyRate) {
    struct Stage {
        const char* name;
        void (Backend::*run)(const Pass&, std::int64_t);
        std::vector<kernels::Linear LayerWeights::*> linears;
    };
    const Stage stages[] = {
        {"  query, key, value",
         &Backend::projectQueryKeyValue,
         {&LayerWeights::query, &LayerWeights::key, &LayerWeights::value}},
        {"  attention", &Backend::attend, {}},
        {"  output", &Backend::addAttended, {&LayerWeights::output}},
        {"  feedforward", &Backend::addFeedforward, {&LayerWeights::up, &LayerWeights::down}},
    };
    for (const Stage& stage : stages) {
        std::int64_t bytes = 0;
        for (const LayerWeights& layer : bench.weights().layers) {
            for (const auto linear : stage.linears) {
                bytes += test::matrixBytes(layer.*linear) + test::adapterBytes(layer.*linear);
            }
            if (stage.linears.empty()) {
                bytes += (options.context + 1) * test::kvBytesPerPosition(bench.weights().config);
            }
        }
        const Timing timing = measure(options.repeats, [&] { bench.runStage(stage.run); });
        printRate(stage.name, timing, static_cast<double>(bytes), copyRate);
    }
}

void benchDecode(Bench& bench, const Options& options, const std::string& name, double copyRate) {
    const ModelWeights& weights = bench.weights();
    bench.readPrompt(options.context);
    const double bytes = bytesPerToken(weights, options.context + 1);
    const Timing timing = measure(options.repeats, [&] { bench.decode(); });
    printRate("decode " + name, timing, bytes, copyRate);
    std::printf("%-24s best %.1f, median %.1f tokens/s over %lld positions, %lld layers\n", "",
                1.0 / timing.best, 1.0 / timing.median, static_cast<long long>(options.context),
                static_cast<long long>(weights.config.numHiddenLayers));
    benchStages(bench, options, copyRate);
}

// The products of a layer's linears for `tokens` rows by cuBLAS alone, BF16 in and FP32 out.
class PlainProducts {
public:
    PlainProducts(const ModelWeights& weights, std::int64_t tokens) : m_tokens(tokens) {
        std::int64_t most = 0;
        std::int64_t widest = 0;
        const LayerWeights& layer = weights.layers.front();
        for (const kernels::Linear* linear :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
            m_shapes.push_back({linear->outputs, linear->inputs});
            most = std::max(most, linear->outputs * linear->inputs);
            widest = std::max({widest, linear->outputs, linear->inputs});
        }
        m_weight = kernels::cuda::DeviceBuffer(static_cast<std::size_t>(2 * most));
        m_x = kernels::cuda::DeviceBuffer(static_cast<std::size_t>(2 * widest * tokens));
        m_y = kernels::cuda::DeviceBuffer(static_cast<std::size_t>(4 * widest * tokens));
        for (const auto* buffer : {&m_weight, &m_x}) {
            kernels::cuda::check(cudaMemset(buffer->data(), 0x3C, buffer->size()), "cudaMemset");
        }
        CHECK(cublasCreate(&m_handle) == CUBLAS_STATUS_SUCCESS);
    }
    ~PlainProducts() { cublasDestroy(m_handle); }
    PlainProducts(const PlainProducts&) = delete;
    PlainProducts& operator=(const PlainProducts&) = delete;

    void run() {
        const float one = 1.0F;
        const float none = 0.0F;
        for (const Shape& shape : m_shapes) {
            const auto o = static_cast<int>(shape.outputs);
            const auto i = static_cast<int>(shape.inputs);
            CHECK(cublasGemmEx(m_handle, CUBLAS_OP_T, CUBLAS_OP_N, o, static_cast<int>(m_tokens), i,
                               &one, m_weight.data(), CUDA_R_16BF, i, m_x.data(), CUDA_R_16BF, i,
                               &none, m_y.data(), CUDA_R_32F, o, CUBLAS_COMPUTE_32F,
                               CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS);
        }
    }
    double operations() const {
        double sum = 0.0;
        for (const Shape& shape : m_shapes) {
            sum += 2.0 * static_cast<double>(shape.outputs) * static_cast<double>(shape.inputs) *
                   static_cast<double>(m_tokens);
        }
        return sum;
    }

private:
    struct Shape {
        std::int64_t outputs;
        std::int64_t inputs;
    };
    std::int64_t m_tokens;
    std::vector<Shape> m_shapes;
    kernels::cuda::DeviceBuffer m_weight;
    kernels::cuda::DeviceBuffer m_x;
    kernels::cuda::DeviceBuffer m_y;
    cublasHandle_t m_handle = nullptr;
};

void benchPrefill(Bench& bench, const Options& options, const std::string& name) {
    const auto layers = static_cast<double>(bench.weights().config.numHiddenLayers);
    const int repeats = std::max(options.repeats / 4, 3);
    for (const std::int64_t tokens : options.prompts) {
        PlainProducts plain(bench.weights(), tokens);
        const Timing products = measure(repeats, [&] { plain.run(); });
        const Timing all = measure(repeats, [&] { bench.readPrompt(tokens); });
        const double tflops = plain.operations() / products.best * 1e-12;
        std::printf(
            "prefill %-4lld %-9s best %9.4f ms a layer, median %9.4f; %.0f tokens/s; cuBLAS alone "
            "%.4f ms (%.1f TFLOPS), %.3f of its speed\n",
            static_cast<long long>(tokens), name.c_str(), 1e3 * all.best / layers,
            1e3 * all.median / layers, static_cast<double>(tokens) / all.best, 1e3 * products.best,
            tflops, products.best * layers / all.best);
    }
}

// Layers that leave room on a device of `memoryBytes` for the head and for what a session takes.
std::int64_t fittingLayers(const Options& options, std::int64_t memoryBytes) {
    constexpr std::int64_t kBytesPerLayer = 260'000'000;  // INT8; 4 bits with adapters are less
    constexpr std::int64_t kBytesBeside = 3'500'000'000;
    const std::int64_t fitting = (memoryBytes - kBytesBeside) / kBytesPerLayer;
    return std::clamp<std::int64_t>(fitting, 1, options.shape.layers);
}

Result<std::shared_ptr<const ModelWeights>> weightsOf(const Options& options,
                                                      std::int64_t memoryBytes) {
    if (!options.model.empty()) {
        return loadCheckpoint({options.model, {}}, {}, {});
    }
    for (const SyntheticFormat known : test::allSyntheticFormats()) {
        if (test::syntheticFormatName(known) == options.format) {
            SyntheticShape shape = options.shape;
            shape.layers = fittingLayers(options, memoryBytes);
            return test::makeSyntheticLayers(shape, known);
        }
    }
    return Error{ErrorCode::invalidRequest, "There is no format " + options.format + "."};
}

Result<void> run(const Options& options) {
    const auto device = cuda::chooseDevice();
    if (!device) {
        return device.error();
    }
    std::printf("device: %s, sm_%d%d\n", device->description().c_str(), device->major,
                device->minor);
    double copyBytes = 0.0;
    const Timing copy = copyTiming(options, copyBytes);
    std::printf("%-24s best %7.1f GB/s, median %7.1f GB/s, read and written\n", "copy",
                gigabytesPerSecond(copyBytes, copy.best),
                gigabytesPerSecond(copyBytes, copy.median));
    const std::string name = options.model.empty()
                                 ? options.format
                                 : std::filesystem::path(options.model).filename().string();
    auto weights = weightsOf(options, device->memoryBytes);
    if (!weights) {
        return weights.error();
    }
    Bench bench(std::move(*weights), options, *device);
    if (auto started = bench.start(); !started) {
        return started;
    }
    benchDecode(bench, options, name, copyBytes / copy.best);
    benchPrefill(bench, options, name);
    return {};
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    options.shape.layers = 32;
    options.shape.vocabulary = 131072;
    CLI::App app("Speed of the CUDA backend on this GPU");
    app.add_option("--format", options.format, "int4, int8, sinq or int4-eora");
    app.add_option("--model", options.model, "A checkpoint's folder instead of drawn numbers");
    app.add_option("--layers", options.shape.layers, "Layers of an 8B model");
    app.add_option("--vocabulary", options.shape.vocabulary, "Rows of the head");
    app.add_option("--context", options.context, "Positions in the cache");
    app.add_option("--prompts", options.prompts, "Lengths of prompts")->delimiter(',');
    app.add_option("--copy-megabytes", options.copyMegabytes, "Size of the copy");
    app.add_option("--repeats", options.repeats, "How often each is measured");
    app.add_flag("--tiny", options.isTiny, "Sizes for the virtual GPU: to see it work");
    CLI11_PARSE(app, count, arguments);
    if (options.isTiny) {
        options.shape = {256, 512, 4, 2, 64, 512, 2};
        options.context = 40;
        options.prompts = {48};
        options.copyMegabytes = 4;
        options.repeats = 2;
    }
    try {
        const auto done = run(options);
        if (!done) {
            std::fprintf(stderr, "%s\n", done.error().message.c_str());
        }
        return done ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
