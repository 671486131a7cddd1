#include "inference/weights/weight_storage.h"

#include <cstring>
#include <utility>

namespace apertura {

namespace {

constexpr std::int64_t kAlignment = 64;

}  // namespace

Result<std::span<std::byte>> WeightStorage::allocateBytes(std::int64_t count, Content content) {
    const auto size = static_cast<std::size_t>((count + kAlignment - 1) / kAlignment * kAlignment);
    auto* memory =
        static_cast<std::byte*>(std::aligned_alloc(kAlignment, size == 0 ? kAlignment : size));
    if (memory == nullptr) {
        return Error{ErrorCode::outOfMemory,
                     "There is no memory for " + std::to_string(count) + " bytes of weights."};
    }
    m_arrays.emplace_back(memory);
    if (content == Content::zero) {
        std::memset(memory, 0, size);
    }
    return std::span(memory, static_cast<std::size_t>(count));
}

TensorSet& WeightStorage::keep(TensorSet set) {
    m_sets.push_back(std::make_unique<TensorSet>(std::move(set)));
    return *m_sets.back();
}

}  // namespace apertura
