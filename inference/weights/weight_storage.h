// Who owns what a loaded model's matrices point to: mapped files and converted arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "inference/status.h"
#include "inference/weights/tensor_set.h"

namespace apertura {

class WeightStorage {
public:
    // A zeroed array, 64-byte aligned, alive as long as this. Errors: outOfMemory.
    template <typename T>
    Result<std::span<T>> allocate(std::int64_t count) {
        auto bytes = allocateBytes(count * static_cast<std::int64_t>(sizeof(T)), Content::zero);
        if (!bytes) {
            return bytes.error();
        }
        return std::span<T>(reinterpret_cast<T*>(bytes->data()), static_cast<std::size_t>(count));
    }
    enum class Content { zero, undefined };
    Result<std::span<std::byte>> allocateBytes(std::int64_t count, Content content);

    // Lets go of all arrays.
    void releaseArrays() { m_arrays.clear(); }

    // Keeps the files of a set mapped.
    TensorSet& keep(TensorSet set);
    // Keeps whatever this owns.
    void keep(std::shared_ptr<const void> owner) { m_owners.push_back(std::move(owner)); }

private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    std::vector<std::unique_ptr<std::byte, Free>> m_arrays;
    std::vector<std::unique_ptr<TensorSet>> m_sets;
    std::vector<std::shared_ptr<const void>> m_owners;
};

}  // namespace apertura
