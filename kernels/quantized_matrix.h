// A weight matrix of 4- or 8-bit codes, as every reader of it agrees: the loaders, the CPU and CUDA
// kernels, and the tests. Bit positions are those of packed_layout.h, never derived again.
//
//   W[o, i] = scale[o, g] * (code[o, p] - zero[o, g]) * inputScale[i],   g = p / groupSize
//
// where p = i, or, where inputOrder is given, p is the position with inputOrder[p] = i: the packed
// matrix keeps its inputs in the order of their groups, and position p reads input inputOrder[p] of
// x.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/check.h"
#include "kernels/number_formats.h"
#include "kernels/packed_layout.h"

namespace apertura::kernels {

// Non-owning view; the loaded model outlives it. At most one of integerZeros and realZeros is
// given; without both, the zero is `symmetricZero` for every group.
struct QuantizedMatrix {
    std::int64_t inputs = 0;     // I, a multiple of groupSize
    std::int64_t outputs = 0;    // O, before padding to blocks of 16 rows
    std::int64_t groupSize = 0;  // inputs sharing one scale and zero; a multiple of 8, or I
    CodeBits bits = CodeBits::four;
    std::uint8_t symmetricZero = 8;              // the common zero, used when no zeros are given
    std::span<const std::byte> codes;            // records of packed_layout.h
    std::span<const std::uint16_t> scales;       // [O / 16, G, 16], fp16 bits
    std::span<const std::uint8_t> integerZeros;  // like scales; empty unless all are 0..255
    std::span<const std::uint16_t> realZeros;    // like scales, fp16 bits
    std::span<const std::uint16_t>
        inputScale;  // [I] by input i, fp16 bits; empty unless the format has one
    std::span<const std::uint32_t> inputOrder;  // [I], empty unless act-order permuted the inputs

    std::int64_t groups() const { return inputs / groupSize; }
    std::int64_t byteCount() const {
        return static_cast<std::int64_t>(codes.size_bytes() + scales.size_bytes() +
                                         integerZeros.size_bytes() + realZeros.size_bytes() +
                                         inputScale.size_bytes() + inputOrder.size_bytes());
    }
    // The code at packed position p (0 <= p < I) of output o.
    int code(std::int64_t o, std::int64_t p) const {
        const CodePosition position = codePosition(bits, o, p, inputs);
        const int byte = std::to_integer<int>(codes[static_cast<std::size_t>(position.byte)]);
        return (byte >> position.shift) & (bits == CodeBits::four ? 15 : 255);
    }
    float scale(std::int64_t o, std::int64_t group) const {
        return halfToFloat(scales[static_cast<std::size_t>(scaleIndex(o, group, groups()))]);
    }
    float zero(std::int64_t o, std::int64_t group) const {
        const auto index = static_cast<std::size_t>(scaleIndex(o, group, groups()));
        if (!integerZeros.empty()) {
            return static_cast<float>(integerZeros[index]);
        }
        return realZeros.empty() ? static_cast<float>(symmetricZero)
                                 : halfToFloat(realZeros[index]);
    }
    // The input of x that packed position p multiplies.
    std::int64_t inputAt(std::int64_t p) const {
        return inputOrder.empty() ? p : inputOrder[static_cast<std::size_t>(p)];
    }
    // W[o, inputAt(p)] without inputScale, rounded once per operation in float32.
    float unscaledWeight(std::int64_t o, std::int64_t p) const {
        const std::int64_t group = p / groupSize;
        return (static_cast<float>(code(o, p)) - zero(o, group)) * scale(o, group);
    }
};

}  // namespace apertura::kernels
