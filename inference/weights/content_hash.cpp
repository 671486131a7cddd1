#include "inference/weights/content_hash.h"

#include <cstdio>
#include <xxhash.h>

#include "kernels/check.h"

namespace apertura {

namespace {

constexpr std::size_t kSampleBytes = 4096;

}  // namespace

void ContentHasher::Free::operator()(XXH3_state_s* state) const {
    XXH3_freeState(state);
}

ContentHasher::ContentHasher() : m_state(XXH3_createState()) {
    CHECK(m_state != nullptr);
    CHECK(XXH3_128bits_reset(m_state.get()) == XXH_OK);
}

void ContentHasher::addBytes(std::span<const std::byte> bytes) {
    CHECK(XXH3_128bits_update(m_state.get(), bytes.data(), bytes.size()) == XXH_OK);
}

void ContentHasher::addText(const std::string& label, const std::string& text) {
    const std::string head = label + '\0' + std::to_string(text.size()) + '\0';
    addBytes(std::as_bytes(std::span(head)));
    addBytes(std::as_bytes(std::span(text)));
}

void ContentHasher::addFile(const WeightFile& file) {
    const std::span<const std::byte> all = file.file.bytes();
    const std::size_t dataBegin =
        file.tensors.empty() ? all.size() : static_cast<std::size_t>(file.tensors.front().begin);
    addBytes(all.first(dataBegin));
    for (const TensorEntry& tensor : file.tensors) {
        const std::span<const std::byte> bytes = file.bytes(tensor);
        if (bytes.size() <= 3 * kSampleBytes) {
            addBytes(bytes);
            continue;
        }
        addBytes(bytes.first(kSampleBytes));
        addBytes(bytes.subspan((bytes.size() - kSampleBytes) / 2, kSampleBytes));
        addBytes(bytes.last(kSampleBytes));
    }
}

std::string ContentHasher::hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(m_state.get());
    char text[33];
    std::snprintf(text, sizeof(text), "%016llx%016llx",
                  static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text;
}

}  // namespace apertura
