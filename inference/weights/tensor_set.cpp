#include "inference/weights/tensor_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "inference/weights/json_fields.h"

namespace apertura {

namespace fs = std::filesystem;

namespace {

const char* const kSingleFile = "model.safetensors";
const char* const kIndexFile = "model.safetensors.index.json";
constexpr std::int64_t kIndexFileBytes = 64 << 20;

// Weights in another format, for a sentence that says so, instead of "model.safetensors is
// missing".
Error missingWeights(const fs::path& directory) {
    struct Foreign {
        std::string_view suffix;
        const char* format;
    };
    static constexpr std::array kForeign = {
        Foreign{".gguf", "GGUF weights"}, Foreign{".bin", "pickled PyTorch weights"},
        Foreign{".pt", "pickled PyTorch weights"}, Foreign{".pth", "pickled PyTorch weights"},
        Foreign{".npz", "NumPy arrays"}};
    std::error_code ignored;
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
        names.insert(entry.path().filename().string());
    }
    for (const std::string& name : names) {
        for (const Foreign& foreign : kForeign) {
            if (name.size() > foreign.suffix.size() && name.ends_with(foreign.suffix)) {
                return fileError(
                    ErrorCode::unsupported, shown(name),
                    std::string("the file holds ") + foreign.format +
                        ", which are not supported; supported are safetensors in BF16, FP16, "
                        "FP32, GPTQ or SINQ.");
            }
        }
    }
    return fileError(
        ErrorCode::fileMissing, kSingleFile,
        std::string("the file is missing, and there is no ") + kIndexFile + " either.");
}

bool staysInFolder(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
           name.find('\\') == std::string::npos && name.find('\0') == std::string::npos;
}

struct ShardIndex {
    std::map<std::string, std::string> shardByTensor;
    std::optional<std::int64_t> totalSize;
};

Result<ShardIndex> parseShardIndex(const std::string& text) {
    const auto root = parseJsonObject<nlohmann::json>(text, kIndexFile);
    if (!root) {
        return root.error();
    }
    const auto map = root->find("weight_map");
    if (map == root->end() || !map->is_object() || map->empty()) {
        return fileError(ErrorCode::fileCorrupt, kIndexFile,
                         "weight_map is missing, empty or not an object.");
    }
    ShardIndex index;
    for (const auto& [tensor, shard] : map->items()) {
        if (!shard.is_string()) {
            return fileError(ErrorCode::fileCorrupt, kIndexFile,
                             "weight_map gives " + shown(tensor) + " no file name but " +
                                 shown(shard.dump()) + ".");
        }
        const auto& name = shard.get_ref<const std::string&>();
        if (!staysInFolder(name)) {
            return fileError(ErrorCode::fileCorrupt, kIndexFile,
                             "weight_map names the shard " + quoted(name) +
                                 ", which is no plain file name inside the folder.");
        }
        index.shardByTensor[tensor] = name;
    }
    if (root->contains("metadata") && (*root)["metadata"].is_object()) {
        const auto& metadata = (*root)["metadata"];
        const auto total = metadata.find("total_size");
        if (total != metadata.end() && total->is_number_integer()) {
            index.totalSize = total->get<std::int64_t>();
        }
    }
    return index;
}

}  // namespace

Error Tensor::fault(const std::string& sentence, ErrorCode code) const {
    return fileError(code, file->label, shown(entry->name) + " " + sentence);
}

std::string canonicalName(const std::string& name) {
    constexpr std::string_view kAdapterPrefix = "base_model.model.";
    if (name.starts_with(kAdapterPrefix)) {
        return canonicalName(name.substr(kAdapterPrefix.size()));
    }
    for (const std::string_view prefix : {"model.language_model.", "language_model.model."}) {
        if (name.starts_with(prefix)) {
            return "model." + name.substr(prefix.size());
        }
    }
    if (name.starts_with("language_model.lm_head.")) {
        return name.substr(std::string_view("language_model.").size());
    }
    for (const std::string_view bare : {"layers.", "embed_tokens.", "norm.", "rotary_emb."}) {
        if (name.starts_with(bare)) {
            return "model." + name;
        }
    }
    return name;
}

Result<TensorSet> TensorSet::open(const fs::path& directory) {
    TensorSet set;
    set.m_label = kSingleFile;
    if (isThere(directory / kSingleFile)) {
        auto file = WeightFile::open(directory / kSingleFile, kSingleFile);
        if (!file) {
            return file.error();
        }
        if (auto added = set.add(std::move(*file)); !added) {
            return added.error();
        }
        return set;
    }
    if (!isThere(directory / kIndexFile)) {
        return missingWeights(directory);
    }
    set.m_label = kIndexFile;
    if (auto opened = set.openShards(directory); !opened) {
        return opened.error();
    }
    return set;
}

Result<TensorSet> TensorSet::openFile(const fs::path& file, const std::string& label) {
    TensorSet set;
    set.m_label = label;
    auto opened = WeightFile::open(file, label);
    if (!opened) {
        return opened.error();
    }
    if (auto added = set.add(std::move(*opened)); !added) {
        return added.error();
    }
    return set;
}

Result<void> TensorSet::openShards(const fs::path& directory) {
    const auto text = readTextFile(directory / kIndexFile, kIndexFile, kIndexFileBytes);
    if (!text) {
        return text.error();
    }
    const auto index = parseShardIndex(*text);
    if (!index) {
        return index.error();
    }
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : index->shardByTensor) {
        shards.insert(shard);
    }
    for (const std::string& shard : shards) {
        if (auto opened = openShard(directory, shard, index->shardByTensor); !opened) {
            return opened;
        }
    }
    if (index->totalSize) {
        checkTotalSize(*index->totalSize);
    }
    return {};
}

Result<void> TensorSet::openShard(const fs::path& directory, const std::string& shard,
                                  const std::map<std::string, std::string>& shardByTensor) {
    auto file = WeightFile::open(directory / shard, shown(shard));
    if (!file) {
        Error error = file.error();
        if (error.code == ErrorCode::fileMissing) {
            error.message.insert(error.message.size() - 1,
                                 std::string("; ") + kIndexFile + " names it");
        }
        return error;
    }
    std::set<std::string> held;
    for (const TensorEntry& tensor : file->tensors) {
        held.insert(tensor.name);
    }
    for (const auto& [tensor, itsShard] : shardByTensor) {
        if (itsShard == shard && held.count(tensor) == 0) {
            return fileError(ErrorCode::fileCorrupt, kIndexFile,
                             "weight_map says that " + shown(tensor) + " is in " + shown(shard) +
                                 ", which does not hold it.");
        }
    }
    return add(std::move(*file));
}

Result<void> TensorSet::add(WeightFile file) {
    m_files.push_back(std::make_unique<WeightFile>(std::move(file)));
    const WeightFile& added = *m_files.back();
    for (const TensorEntry& entry : added.tensors) {
        const std::string name = canonicalName(entry.name);
        const auto [place, isNew] = m_tensors.try_emplace(name, Tensor{&added, &entry});
        if (!isNew) {
            return Tensor{&added, &entry}.fault("stands twice: " + place->second.file->label +
                                                " has " + shown(place->second.entry->name) + ".");
        }
    }
    return {};
}

// Some writers (GPTQModel) count the files with their headers.
void TensorSet::checkTotalSize(std::int64_t declared) {
    const std::int64_t tensors = byteCount();
    std::int64_t wholeFiles = 0;
    for (const auto& file : m_files) {
        wholeFiles += static_cast<std::int64_t>(file->file.bytes().size());
    }
    if (declared != tensors && declared != wholeFiles) {
        m_warnings.push_back(std::string(kIndexFile) + ": metadata.total_size is " +
                             std::to_string(declared) + ", but the tensors have " +
                             std::to_string(tensors) + " bytes.");
    }
}

const Tensor* TensorSet::find(const std::string& name) {
    const auto found = m_tensors.find(name);
    if (found == m_tensors.end()) {
        return nullptr;
    }
    m_used.insert(name);
    return &found->second;
}

Error TensorSet::missing(const std::string& name, const Tensor* sibling) const {
    return fileError(ErrorCode::fileCorrupt, sibling != nullptr ? sibling->file->label : m_label,
                     shown(name) + " is missing.");
}

std::vector<const Tensor*> TensorSet::unused() const {
    std::vector<const Tensor*> rest;
    for (const auto& [name, tensor] : m_tensors) {
        if (m_used.count(name) == 0) {
            rest.push_back(&tensor);
        }
    }
    return rest;
}

std::int64_t TensorSet::byteCount() const {
    std::int64_t total = 0;
    for (const auto& [name, tensor] : m_tensors) {
        total += tensor.entry->end - tensor.entry->begin;
    }
    return total;
}

}  // namespace apertura
