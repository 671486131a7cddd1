#include "inference/weights/eora_loader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "inference/weights/dense_loader.h"
#include "inference/weights/json_fields.h"
#include "inference/weights/linear_loader.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;

const char* const kConfig = "adapter_config.json";
const char* const kWeights = "adapter_model.safetensors";

// PEFT's options that would change the formula. EoRA sets lora_alpha to r, and its ranks by module
// scale nothing.
Result<void> checkConfig(const fs::path& folder, const std::string& label) {
    const auto text = readTextFile(folder / kConfig, label, kConfigFileBytes);
    if (!text) {
        return text.error();
    }
    const auto root = parseJsonObject<Json>(*text, label);
    if (!root) {
        return root.error();
    }
    FieldReader fields(*root, label);
    const std::string type = fields.text("peft_type", "LORA");
    if (type != "LORA") {
        fields.refuse(ErrorCode::unsupported, "peft_type",
                      "is " + quoted(type) + "; supported is \"LORA\".");
    }
    for (const char* name : {"use_dora", "use_rslora", "fan_in_fan_out", "lora_bias"}) {
        if (fields.boolean(name, false)) {
            fields.refuse(ErrorCode::unsupported, name, "is true; supported is false.");
        }
    }
    const double rank = fields.number("r", 1.0, 1e6);
    const double alpha = fields.number("lora_alpha", -1e9, 1e9, rank);
    if (alpha != rank) {
        fields.refuse(
            ErrorCode::unsupported, "lora_alpha",
            "differs from r; supported are adapters without scaling, as EoRA writes them.");
    }
    if (fields.error()) {
        return *fields.error();
    }
    return {};
}

Error wrongShape(const Tensor& tensor, const LinearShape& shape, const std::string& expected) {
    return tensor.fault("has shape " + shapeText(tensor.shape()) + ", but " + shape.name +
                        " makes it " + expected + ".");
}

// The transpose [C, R] of a matrix [R, C], in the storage.
Result<kernels::DenseMatrix> transposed(const kernels::DenseMatrix& matrix,
                                        WeightStorage& storage) {
    const std::int64_t size = kernels::bytesPerNumber(matrix.type);
    auto copy = storage.allocateBytes(matrix.byteCount(), WeightStorage::Content::undefined);
    if (!copy) {
        return copy.error();
    }
    // Tiles keep both sides in the cache.
    constexpr std::int64_t kTile = 32;
    for (std::int64_t top = 0; top < matrix.rows; top += kTile) {
        for (std::int64_t left = 0; left < matrix.columns; left += kTile) {
            for (std::int64_t r = top; r < std::min(top + kTile, matrix.rows); ++r) {
                for (std::int64_t c = left; c < std::min(left + kTile, matrix.columns); ++c) {
                    std::memcpy(copy->data() + (c * matrix.rows + r) * size,
                                matrix.data + (r * matrix.columns + c) * size,
                                static_cast<std::size_t>(size));
                }
            }
        }
    }
    return kernels::DenseMatrix{matrix.type, matrix.columns, matrix.rows, copy->data()};
}

}  // namespace

Result<AdapterSource> AdapterSource::open(const fs::path& directory, const AdapterChoice& choice,
                                          TensorSet& model, WeightStorage& storage) {
    AdapterSource source;
    source.m_model = &model;
    source.m_storage = &storage;
    const bool merged =
        std::any_of(model.tensors().begin(), model.tensors().end(),
                    [](const auto& named) { return named.first.ends_with(".lora_A"); });
    const fs::path beside = directory / "adapter";
    const bool isBeside = isThere(beside / kConfig) || isThere(beside / kWeights);
    switch (choice.kind) {
        case AdapterChoice::Kind::none:
            return source;
        case AdapterChoice::Kind::automatic:
            source.m_useMerged = merged;
            if (merged && isBeside) {
                source.m_warnings.push_back(std::string("adapter/") + kWeights +
                                            ": these adapters are ignored, for the model's files "
                                            "have lora_A and lora_B of their own.");
            }
            if (!merged && isBeside) {
                if (auto opened = source.openFolder(beside, "adapter/", storage); !opened) {
                    return opened.error();
                }
            }
            return source;
        case AdapterChoice::Kind::folder:
            // "folder/" has no file name.
            if (auto opened = source.openFolder(
                    choice.folder, (choice.folder / "").parent_path().filename().string() + "/",
                    storage);
                !opened) {
                return opened.error();
            }
            return source;
    }
    return source;
}

Result<void> AdapterSource::openFolder(const fs::path& folder, const std::string& label,
                                       WeightStorage& storage) {
    if (auto checked = checkConfig(folder, label + kConfig); !checked) {
        return checked;
    }
    auto tensors = TensorSet::openFile(folder / kWeights, label + kWeights);
    if (!tensors) {
        return tensors.error();
    }
    m_folder = &storage.keep(std::move(*tensors));
    return {};
}

Result<std::optional<kernels::LowRankAdapter>> AdapterSource::load(const LinearShape& shape) {
    auto merged = loadMerged(shape);
    if (!merged || m_folder == nullptr) {
        return merged;
    }
    return loadFromFolder(shape);
}

Result<std::optional<kernels::LowRankAdapter>> AdapterSource::loadFromFolder(
    const LinearShape& shape) {
    const Tensor* a = m_folder->find(shape.name + ".lora_A.weight");
    const Tensor* b = m_folder->find(shape.name + ".lora_B.weight");
    if (a == nullptr && b == nullptr) {
        return std::optional<kernels::LowRankAdapter>();
    }
    if (a == nullptr || b == nullptr) {
        return m_folder->missing(shape.name + (a == nullptr ? ".lora_A.weight" : ".lora_B.weight"),
                                 a != nullptr ? a : b);
    }
    if (a->shape().size() != 2 || a->dimension(0) < 1 || a->dimension(1) != shape.inputs) {
        return wrongShape(*a, shape, std::string("[rank, ") + std::to_string(shape.inputs) + "]");
    }
    const std::int64_t rank = a->dimension(0);
    if (b->shape() != std::vector{shape.outputs, rank}) {
        return wrongShape(
            *b, shape,
            shapeText({shape.outputs, rank}) + " beside a lora_A of rank " + std::to_string(rank));
    }
    const auto down = loadDenseMatrix(*a, rank, shape.inputs, *m_storage);
    if (!down) {
        return down.error();
    }
    const auto up = loadDenseMatrix(*b, shape.outputs, rank, *m_storage);
    if (!up) {
        return up.error();
    }
    return std::optional(kernels::LowRankAdapter{*down, *up});
}

Result<std::optional<kernels::LowRankAdapter>> AdapterSource::loadMerged(const LinearShape& shape) {
    const Tensor* a = m_model->find(shape.name + ".lora_A");
    const Tensor* b = m_model->find(shape.name + ".lora_B");
    if (!m_useMerged || (a == nullptr && b == nullptr)) {
        return std::optional<kernels::LowRankAdapter>();
    }
    if (a == nullptr || b == nullptr) {
        return m_model->missing(shape.name + (a == nullptr ? ".lora_A" : ".lora_B"),
                                a != nullptr ? a : b);
    }
    if (a->shape().size() != 2 || a->dimension(0) != shape.inputs || a->dimension(1) < 1) {
        return wrongShape(*a, shape, std::string("[") + std::to_string(shape.inputs) + ", rank]");
    }
    const std::int64_t rank = a->dimension(1);
    if (b->shape() != std::vector{rank, shape.outputs}) {
        return wrongShape(
            *b, shape,
            shapeText({rank, shape.outputs}) + " beside a lora_A of rank " + std::to_string(rank));
    }
    kernels::LowRankAdapter adapter;
    for (const auto& [tensor, target] : {std::pair(a, &adapter.a), std::pair(b, &adapter.b)}) {
        const auto stored =
            loadDenseMatrix(*tensor, tensor->dimension(0), tensor->dimension(1), *m_storage);
        if (!stored) {
            return stored.error();
        }
        const auto turned = transposed(*stored, *m_storage);
        if (!turned) {
            return turned.error();
        }
        *target = *turned;
        releasePages(tensor->bytes());
    }
    return std::optional(adapter);
}

Result<void> AdapterSource::checkAllUsed() const {
    if (m_folder == nullptr) {
        return {};
    }
    const auto unused = m_folder->unused();
    if (unused.empty()) {
        return {};
    }
    return unused.front()->fault("belongs to no linear of this model.");
}

}  // namespace apertura
