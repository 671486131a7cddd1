// Arbitrary bytes as a safetensors file: refused, or every tensor lies inside them.
#include <cstddef>
#include <cstdint>
#include <span>

#include "inference/weights/weight_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto tensors = apertura::parseSafetensorsHeader(bytes, "model.safetensors");
    if (!tensors) {
        CHECK(!tensors.error().message.empty());
        return 0;
    }
    std::int64_t covered = 0;
    for (const auto& tensor : *tensors) {
        CHECK(tensor.begin >= 0 && tensor.begin <= tensor.end);
        CHECK(tensor.end <= static_cast<std::int64_t>(size));
        std::int64_t bytesNeeded = apertura::bytesPerElement(tensor.type);
        for (const std::int64_t dimension : tensor.shape) {
            bytesNeeded *= dimension;
        }
        CHECK(bytesNeeded == tensor.end - tensor.begin);
        covered += bytesNeeded;
    }
    CHECK(covered <= static_cast<std::int64_t>(size));
    return 0;
}
