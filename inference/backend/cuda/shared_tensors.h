// Tensors on a device that several models use: found by their content, freed with the last model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

namespace apertura::cuda {

// A tensor in device memory, and what keeps it there.
struct SharedTensor {
    const std::byte* data = nullptr;
    std::shared_ptr<const void> owner;
};

// What makes two tensors the same: XXH3-128 of all their bytes, and how many those are.
struct TensorKey {
    std::uint64_t hashLow = 0;
    std::uint64_t hashHigh = 0;
    std::size_t bytes = 0;

    auto operator<=>(const TensorKey&) const = default;
};

// The keys of host memory that does not change, each worked out once.
class TensorKeys {
public:
    TensorKey of(std::span<const std::byte> tensor);

private:
    std::map<std::pair<const std::byte*, std::size_t>, TensorKey> m_keys;
};

// Threads: any.
class SharedTensors {
public:
    std::optional<SharedTensor> find(const TensorKey& key) const;
    // Requires: the tensor is there, not on its way. Where one of this key is known, that stays.
    void add(const TensorKey& key, const SharedTensor& tensor);

private:
    struct Entry {
        const std::byte* data = nullptr;
        std::weak_ptr<const void> owner;
    };

    mutable std::mutex m_mutex;
    std::map<TensorKey, Entry> m_entries;
};

}  // namespace apertura::cuda
