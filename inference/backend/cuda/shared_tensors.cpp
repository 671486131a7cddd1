#include "inference/backend/cuda/shared_tensors.h"

#include <xxhash.h>

namespace apertura::cuda {

TensorKey TensorKeys::of(std::span<const std::byte> tensor) {
    const auto [entry, isNew] = m_keys.try_emplace({tensor.data(), tensor.size()});
    if (isNew) {
        const XXH128_hash_t hash = XXH3_128bits(tensor.data(), tensor.size());
        entry->second = {hash.low64, hash.high64, tensor.size()};
    }
    return entry->second;
}

std::optional<SharedTensor> SharedTensors::find(const TensorKey& key) const {
    const std::lock_guard lock(m_mutex);
    const auto entry = m_entries.find(key);
    if (entry == m_entries.end()) {
        return std::nullopt;
    }
    auto owner = entry->second.owner.lock();
    if (owner == nullptr) {
        return std::nullopt;
    }
    return SharedTensor{entry->second.data, std::move(owner)};
}

void SharedTensors::add(const TensorKey& key, const SharedTensor& tensor) {
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_entries, [](const auto& entry) { return entry.second.owner.expired(); });
    m_entries.try_emplace(key, Entry{tensor.data, tensor.owner});
}

}  // namespace apertura::cuda
