#include "inference/weights/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "inference/weights/content_hash.h"
#include "inference/weights/dense_loader.h"
#include "inference/weights/eora_loader.h"
#include "inference/weights/json_fields.h"
#include "inference/weights/linear_loader.h"
#include "inference/weights/packed_cache.h"
#include "inference/weights/precision_text.h"
#include "inference/weights/quantization_config.h"
#include "inference/weights/sinq_sidecar.h"
#include "inference/weights/tensor_set.h"
#include "inference/weights/weight_storage.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;

// Tensors that some writers leave in a checkpoint and everybody recomputes.
bool isKnownSurplus(const std::string& canonical) {
    return canonical.ends_with("rotary_emb.inv_freq") ||
           canonical.ends_with("rotary_emb.original_inv_freq");
}

float softplus(float raw) {
    const double x = raw;
    return static_cast<float>(std::log1p(std::exp(-std::fabs(x))) + std::fmax(x, 0.0));
}

// Puts a model together, tensor by tensor, counting bytes.
class CheckpointLoader {
public:
    CheckpointLoader(ModelConfig config, LoadContext context, std::int64_t totalBytes,
                     const std::function<void(const PhaseEvent&)>& onProgress)
        : m_context(std::move(context)),
          m_totalBytes(totalBytes),
          m_phase(m_context.writer != nullptr ? Phase::preparing : Phase::loading),
          m_onProgress(onProgress) {
        m_weights.config = std::move(config);
    }

    Result<ModelWeights> load() {
        report(0);
        for (const auto& step : {&CheckpointLoader::loadEmbedding, &CheckpointLoader::loadLayers,
                                 &CheckpointLoader::loadHead}) {
            if (auto done = (this->*step)(); !done) {
                return done.error();
            }
        }
        m_weights.precision = precisionText(m_weights.modules);
        report(m_totalBytes);
        return std::move(m_weights);
    }

private:
    Result<void> loadEmbedding() {
        const ModelConfig& config = m_weights.config;
        const Tensor* tensor = m_context.tensors.find("model.embed_tokens.weight");
        if (tensor == nullptr) {
            return m_context.tensors.missing("model.embed_tokens.weight");
        }
        auto matrix =
            loadDenseMatrix(*tensor, config.vocabSize, config.hiddenSize, m_context.storage);
        if (!matrix) {
            return matrix.error();
        }
        m_weights.embedding = *matrix;
        m_weights.parameterCount += config.vocabSize * config.hiddenSize;
        m_weights.weightBytes += matrix->byteCount();
        consumed(matrix->byteCount());
        return {};
    }

    Result<void> loadLayers() {
        for (std::int64_t i = 0; i < m_weights.config.numHiddenLayers; ++i) {
            auto layer = loadLayer("model.layers." + std::to_string(i) + ".");
            if (!layer) {
                return layer.error();
            }
            m_weights.layers.push_back(std::move(*layer));
        }
        return {};
    }

    Result<LayerWeights> loadLayer(const std::string& prefix) {
        const ModelConfig& config = m_weights.config;
        const std::int64_t hidden = config.hiddenSize;
        const std::int64_t queries = config.numAttentionHeads * config.headDim;
        const std::int64_t keys = config.numKeyValueHeads * config.headDim;
        LayerWeights layer;
        struct Norm {
            const char* name;
            std::vector<float>& target;
            std::int64_t size;
        };
        for (const Norm& norm :
             {Norm{"attention_layernorm.weight", layer.attentionNorm, hidden},
              Norm{"feedforward_layernorm.weight", layer.feedforwardNorm, hidden},
              Norm{"self_attn.q_norm.weight", layer.queryNorm, config.headDim},
              Norm{"self_attn.k_norm.weight", layer.keyNorm, config.headDim}}) {
            if (auto loaded = loadNorm(prefix + norm.name, norm.size, norm.target); !loaded) {
                return loaded.error();
            }
        }
        struct Module {
            const char* name;
            kernels::Linear& target;
            std::int64_t outputs;
            std::int64_t inputs;
        };
        for (const Module& module :
             {Module{"self_attn.q_proj", layer.query, queries, hidden},
              Module{"self_attn.k_proj", layer.key, keys, hidden},
              Module{"self_attn.v_proj", layer.value, keys, hidden},
              Module{"self_attn.o_proj", layer.output, hidden, queries},
              Module{"mlp.up_proj", layer.up, config.intermediateSize, hidden},
              Module{"mlp.down_proj", layer.down, hidden, config.intermediateSize}}) {
            const LinearShape shape{prefix + module.name, module.outputs, module.inputs};
            if (auto loaded = addLinear(shape, module.target); !loaded) {
                return loaded.error();
            }
        }
        if (auto loaded = loadXielu(prefix + "mlp.act_fn.", layer.xielu); !loaded) {
            return loaded.error();
        }
        return layer;
    }

    Result<void> loadNorm(const std::string& name, std::int64_t size, std::vector<float>& target) {
        const Tensor* tensor = m_context.tensors.find(name);
        if (tensor == nullptr) {
            return m_context.tensors.missing(name);
        }
        auto values = loadFloats(*tensor);
        if (!values) {
            return values.error();
        }
        if (auto fits = checkShape(*tensor, {size}); !fits) {
            return fits;
        }
        target = std::move(*values);
        m_weights.parameterCount += size;
        m_weights.weightBytes += size * static_cast<std::int64_t>(sizeof(float));
        consumed(static_cast<std::int64_t>(tensor->bytes().size()));
        return {};
    }

    // A parameter of xIELU, of shape [1] or []; `fallback` where the file may lack it.
    Result<float> loadScalar(const std::string& name, std::optional<float> fallback) {
        const Tensor* tensor = m_context.tensors.find(name);
        if (tensor == nullptr) {
            if (fallback) {
                return *fallback;
            }
            return m_context.tensors.missing(name);
        }
        const auto values = loadFloats(*tensor);
        if (!values) {
            return values.error();
        }
        if (values->size() != 1) {
            return tensor->fault("has shape " + shapeText(tensor->shape()) +
                                 ", but one number belongs there.");
        }
        consumed(static_cast<std::int64_t>(tensor->bytes().size()));
        return values->front();
    }

    // The file holds alpha_p and alpha_n before the softplus; beta and eps are missing from some
    // quantized ones.
    Result<void> loadXielu(const std::string& prefix, kernels::Xielu& xielu) {
        const auto beta = loadScalar(prefix + "beta", xielu.beta);
        const auto eps = loadScalar(prefix + "eps", xielu.eps);
        const auto alphaP = loadScalar(prefix + "alpha_p", std::nullopt);
        const auto alphaN = loadScalar(prefix + "alpha_n", std::nullopt);
        for (const auto* value : {&beta, &eps, &alphaP, &alphaN}) {
            if (!value->ok()) {
                return value->error();
            }
        }
        xielu = {softplus(*alphaP), *beta + softplus(*alphaN), *beta, *eps};
        m_weights.parameterCount += 2;
        return {};
    }

    Result<void> addLinear(const LinearShape& shape, kernels::Linear& target) {
        auto loaded = loadLinear(m_context, shape);
        if (!loaded) {
            return loaded.error();
        }
        target = std::move(loaded->linear);
        m_weights.modules.push_back(std::move(loaded->info));
        m_weights.weightBytes += loaded->weightBytes;
        m_weights.adapterBytes += loaded->adapterBytes;
        m_weights.parameterCount += shape.outputs * shape.inputs;
        consumed(loaded->sourceBytes);
        return {};
    }

    Result<void> loadHead() {
        const ModelConfig& config = m_weights.config;
        if (auto loaded = loadNorm("model.norm.weight", config.hiddenSize, m_weights.finalNorm);
            !loaded) {
            return loaded;
        }
        const LinearShape shape{"lm_head", config.outputVocabSize, config.hiddenSize};
        if (!config.tieWordEmbeddings) {
            return addLinear(shape, m_weights.head);
        }
        kernels::DenseMatrix rows = m_weights.embedding;
        rows.rows = config.outputVocabSize;
        m_weights.head.inputs = shape.inputs;
        m_weights.head.outputs = shape.outputs;
        m_weights.head.blocks.push_back({0, rows});
        m_weights.modules.push_back({shape.name, formatName(rows.type),
                                     static_cast<double>(8 * kernels::bytesPerNumber(rows.type)), 0,
                                     0});
        return {};
    }

    void consumed(std::int64_t bytes) { report(std::min(m_doneBytes + bytes, m_totalBytes)); }

    void report(std::int64_t done) {
        m_doneBytes = done;
        if (m_onProgress) {
            m_onProgress({m_phase, m_doneBytes, m_totalBytes});
        }
    }

    LoadContext m_context;
    std::int64_t m_totalBytes;
    std::int64_t m_doneBytes = 0;
    Phase m_phase;
    const std::function<void(const PhaseEvent&)>& m_onProgress;
    ModelWeights m_weights;
};

// One sentence for everything in the files that the model does not use.
void warnOfUnused(const TensorSet& tensors, std::vector<std::string>& warnings) {
    constexpr std::size_t kNamed = 3;
    std::string names;
    std::size_t count = 0;
    const WeightFile* file = nullptr;
    for (const Tensor* tensor : tensors.unused()) {
        if (isKnownSurplus(tensor->entry->name)) {
            continue;
        }
        if (count < kNamed) {
            names += (count == 0 ? "" : ", ") + shown(tensor->entry->name);
        }
        file = count == 0 ? tensor->file : file;
        ++count;
    }
    if (count == 0) {
        return;
    }
    if (count > kNamed) {
        names += " and " + std::to_string(count - kNamed) + " more";
    }
    warnings.push_back(file->label + ": " + names + (count == 1 ? " is" : " are") +
                       " not part of the text model and ignored.");
}

struct ContentHashes {
    std::string model;       // without an adapter folder
    std::string checkpoint;  // all that is used
};

// Over the files whose text says what the checkpoint is, where they are there, and its weight
// files.
Result<ContentHashes> contentHashes(const fs::path& directory, const TensorSet& tensors,
                                    const TensorSet* adapter, const std::stop_token& stop) {
    constexpr std::int64_t kTextBytes = 64 << 20;
    ContentHasher hasher;
    for (const char* name :
         {"config.json", "quantize_config.json", "quant_config.json", SinqSidecar::fileName()}) {
        std::error_code ignored;
        if (!fs::exists(directory / name, ignored)) {
            continue;
        }
        const auto text = readTextFile(directory / name, name, kTextBytes);
        if (!text) {
            return text.error();
        }
        hasher.addText(name, *text);
    }
    ContentHashes hashes;
    for (const TensorSet* set : {&tensors, adapter}) {
        if (set != nullptr) {
            for (const auto& file : set->files()) {
                if (stop.stop_requested()) {
                    return Error{ErrorCode::cancelled, "Loading was stopped."};
                }
                hasher.addFile(*file);
                // What was looked at lies all over the file, and most is not needed any more.
                releasePages(file->file.bytes());
            }
        }
        (set == &tensors ? hashes.model : hashes.checkpoint) = hasher.hex();
    }
    return hashes;
}

Result<ModelConfig> configOf(const fs::path& directory) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored)) {
        return Error{ErrorCode::fileMissing,
                     directory.string() + " is no folder that can be read."};
    }
    auto config = readModelConfig(directory);
    if (!config && config.error().code == ErrorCode::fileMissing) {
        // A folder of another format often lacks config.json too; that format is the better answer.
        if (const auto tensors = TensorSet::open(directory);
            !tensors && tensors.error().code == ErrorCode::unsupported) {
            return tensors.error();
        }
    }
    return config;
}

// A checkpoint whose files are open and whose configuration is read.
struct OpenCheckpoint {
    ModelConfig config;
    QuantizationConfig quantization;
    SinqSidecar sidecar;
    std::shared_ptr<WeightStorage> storage;
    TensorSet* tensors = nullptr;  // the storage's
    AdapterSource adapters;

    std::int64_t byteCount() const {
        const TensorSet* folder = adapters.folderTensors();
        return tensors->byteCount() + (folder != nullptr ? folder->byteCount() : 0);
    }
};

Result<OpenCheckpoint> openCheckpoint(const ModelSource& source) {
    OpenCheckpoint open;
    auto config = configOf(source.directory);
    if (!config) {
        return config.error();
    }
    open.config = std::move(*config);
    auto quantization = QuantizationConfig::read(source.directory);
    if (!quantization) {
        return quantization.error();
    }
    open.quantization = std::move(*quantization);
    auto tensors = TensorSet::open(source.directory);
    if (!tensors) {
        return tensors.error();
    }
    auto sidecar = SinqSidecar::read(source.directory);
    if (!sidecar) {
        return sidecar.error();
    }
    open.sidecar = std::move(*sidecar);
    open.storage = std::make_shared<WeightStorage>();
    open.tensors = &open.storage->keep(std::move(*tensors));
    auto adapters =
        AdapterSource::open(source.directory, source.adapter, *open.tensors, *open.storage);
    if (!adapters) {
        return adapters.error();
    }
    open.adapters = std::move(*adapters);
    return open;
}

using OnProgress = std::function<void(const PhaseEvent&)>;

// One pass over all weights; see LoadPass.
Result<ModelWeights> loadWeights(OpenCheckpoint& open, const std::shared_ptr<PackedFile>& packed,
                                 PackedFileWriter* writer, const OnProgress& onProgress,
                                 const std::stop_token& stop) {
    open.storage->releaseArrays();  // of a pass before
    const LoadContext context{*open.tensors, *open.storage, open.quantization, open.sidecar,
                              open.adapters, stop,          packed.get(),      writer};
    auto weights = CheckpointLoader(open.config, context, open.byteCount(), onProgress).load();
    if (!weights) {
        return weights;
    }
    if (auto used = open.adapters.checkAllUsed(); !used) {
        return used.error();
    }
    if (packed) {
        open.storage->keep(packed);
    }
    return weights;
}

Result<ModelWeights> loadCached(const fs::path& directory, OpenCheckpoint& open,
                                const std::string& hash, const PackedCacheOptions& options,
                                const LoadPass& pass) {
    const bool isOff = options.directory.empty() || options.maximumBytes == 0;
    const std::uint64_t expectedBytes = leastPackedBytes(*open.tensors);
    if (isOff || expectedBytes == 0) {
        auto weights = pass(nullptr, nullptr);
        if (weights && !isOff) {
            weights->packedCache = PackedCacheUse::unneeded;
        }
        return weights;
    }
    PackedKey key{hash, open.adapters.areMerged(), 0, 0};
    stampSources(directory, *open.tensors, key);
    return loadThroughCache(PackedCache(options.directory, options.maximumBytes, std::move(key)),
                            expectedBytes, pass);
}

Result<std::shared_ptr<const ModelWeights>> readCheckpoint(const ModelSource& source,
                                                           const OnProgress& onProgress,
                                                           const std::stop_token& stop,
                                                           const PackedCacheOptions& options) {
    auto open = openCheckpoint(source);
    if (!open) {
        return open.error();
    }
    const TensorSet& tensors = *open->tensors;
    auto hashes = contentHashes(source.directory, tensors, open->adapters.folderTensors(), stop);
    if (!hashes) {
        return hashes.error();
    }
    const LoadPass pass = [&](const std::shared_ptr<PackedFile>& packed, PackedFileWriter* writer) {
        return loadWeights(*open, packed, writer, onProgress, stop);
    };
    auto weights = loadCached(source.directory, *open, hashes->model, options, pass);
    if (!weights) {
        return weights.error();
    }
    weights->contentHash = std::move(hashes->checkpoint);
    for (const auto& warnings :
         {weights->config.warnings, tensors.warnings(), open->adapters.warnings()}) {
        weights->warnings.insert(weights->warnings.end(), warnings.begin(), warnings.end());
    }
    warnOfUnused(tensors, weights->warnings);
    weights->storage = open->storage;
    return std::make_shared<const ModelWeights>(std::move(*weights));
}

}  // namespace

Result<std::shared_ptr<const ModelWeights>> loadCheckpoint(
    const ModelSource& source, const std::function<void(const PhaseEvent&)>& onProgress,
    std::stop_token stop, const PackedCacheOptions& cache) {
    try {
        return readCheckpoint(source, onProgress, stop, cache);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::outOfMemory, "There is no memory for this model's weights."};
    } catch (const fs::filesystem_error& fault) {
        return Error{ErrorCode::fileMissing, source.directory.string() + " cannot be read (" +
                                                 fault.code().message() + ")."};
    }
}

}  // namespace apertura
