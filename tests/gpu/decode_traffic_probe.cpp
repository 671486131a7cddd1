// Decodes one token several times at one position on the CUDA backend, for the statistics that the
// virtual GPU writes: two runs that differ by one step differ by what one step does.
//
//   decode_traffic_probe MODEL POSITION STEPS
//
// MODEL is a checkpoint's folder, whose head is computed too, or a format of synthetic_layers.h, of
// which the one layer is.
#include <cstdio>
#include <string>
#include <vector>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/model/decoder.h"
#include "tests/support/synthetic_layers.h"

namespace {

using namespace apertura;

struct Subject {
    std::shared_ptr<const ModelWeights> weights;
    std::int64_t logitRows = 0;
};

Result<Subject> subjectOf(const std::string& model) {
    for (const test::SyntheticFormat format : test::allSyntheticFormats()) {
        if (model == test::syntheticFormatName(format)) {
            return Subject{test::makeSyntheticLayers({}, format), 0};
        }
    }
    auto weights = loadCheckpoint({model, {}}, {}, {});
    if (!weights) {
        return weights.error();
    }
    return Subject{std::move(*weights), 1};
}

// What is cached before `position` is whatever the memory holds: traffic does not depend on it.
Result<void> decode(const std::string& model, std::int64_t position, int steps) {
    auto subject = subjectOf(model);
    if (!subject) {
        return subject.error();
    }
    auto device = cuda::chooseDevice();
    if (!device) {
        return device.error();
    }
    const SequenceOptions options{position + 1, KvType::bf16};
    cuda::CudaBackend backend(*device, {options.contextSize, options.kv});
    if (auto prepared = backend.prepare(subject->weights); !prepared) {
        return prepared;
    }
    auto sequence = backend.newSequence(options);
    if (!sequence) {
        return sequence.error();
    }
    if (auto reserved = (*sequence)->reserve(position + 1); !reserved) {
        return reserved;
    }
    const ModelConfig& config = subject->weights->config;
    Decoder decoder(backend, config.numHiddenLayers);
    std::vector<float> logits(static_cast<std::size_t>(config.outputVocabSize));
    const TokenId id = 1;
    for (int step = 0; step < steps; ++step) {
        CHECK(decoder.forward(**sequence, position, std::span(&id, 1),
                              {logits.data(), subject->logitRows, config.outputVocabSize}, {}));
    }
    return {};
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        return 2;
    }
    try {
        const auto done = decode(arguments[1], std::stoll(arguments[2]), std::stoi(arguments[3]));
        if (!done) {
            std::fprintf(stderr, "%s\n", done.error().message.c_str());
        }
        return done ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
