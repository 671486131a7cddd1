// The tensors of a checkpoint over all its files, under one spelling of their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "inference/status.h"
#include "inference/weights/weight_file.h"

namespace apertura {

// One tensor in a mapped file. Views: the TensorSet that gave it outlives it.
struct Tensor {
    const WeightFile* file = nullptr;
    const TensorEntry* entry = nullptr;

    TensorType type() const { return entry->type; }
    const std::vector<std::int64_t>& shape() const { return entry->shape; }
    std::int64_t dimension(std::size_t index) const { return entry->shape[index]; }
    std::int64_t elements() const {
        return (entry->end - entry->begin) / bytesPerElement(entry->type);
    }
    std::span<const std::byte> bytes() const { return file->bytes(*entry); }
    // "FILE: NAME SENTENCE", NAME as the file spells it.
    Error fault(const std::string& sentence, ErrorCode code = ErrorCode::fileCorrupt) const;
};

// A name as this program spells it: "model.layers.0...", "lm_head...". SINQ's leaf names may lack
// "model.", and the text half of v1.5 stands below "language_model.".
std::string canonicalName(const std::string& name);

// What a checkpoint's folder holds as weights: model.safetensors, or the shards of
// model.safetensors.index.json. Keeps count of what was asked for, so that the rest can be told.
class TensorSet {
public:
    // Errors: fileMissing, fileCorrupt, unsupported (weights in another format, named).
    static Result<TensorSet> open(const std::filesystem::path& directory);
    // One file alone.
    static Result<TensorSet> openFile(const std::filesystem::path& file, const std::string& label);

    // By canonical name; null where there is none.
    const Tensor* find(const std::string& name);
    bool contains(const std::string& name) const { return m_tensors.count(name) != 0; }
    // The error that `name` is missing. `sibling` is a tensor that should lie in the same file, or
    // null.
    Error missing(const std::string& name, const Tensor* sibling = nullptr) const;
    // Names of the tensors never found, as the files spell them, in order of their canonical names.
    std::vector<const Tensor*> unused() const;

    const std::vector<std::unique_ptr<WeightFile>>& files() const { return m_files; }
    const std::map<std::string, Tensor>& tensors() const { return m_tensors; }
    const std::vector<std::string>& warnings() const { return m_warnings; }
    std::int64_t byteCount() const;

private:
    Result<void> openShards(const std::filesystem::path& directory);
    Result<void> openShard(const std::filesystem::path& directory, const std::string& shard,
                           const std::map<std::string, std::string>& shardByTensor);
    Result<void> add(WeightFile file);
    void checkTotalSize(std::int64_t declared);

    // Files by pointer: tensors point into them, and the set may move.
    std::vector<std::unique_ptr<WeightFile>> m_files;
    std::map<std::string, Tensor> m_tensors;
    std::set<std::string> m_used;
    std::string m_label;  // the file that a missing tensor is missing from
    std::vector<std::string> m_warnings;
};

}  // namespace apertura
