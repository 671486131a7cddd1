// Run-time choices turned into template arguments: each calls `visit` with integral constants.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/device/quantized_rows.h"

namespace apertura::kernels::cuda {

// visit(tokens of the piece, its first token): tokens in pieces of 8, 4, 2 and 1, for each of which
// a kernel is compiled.
template <typename Visit>
void forEachPiece(std::int64_t tokens, const Visit& visit) {
    std::int64_t first = 0;
    const auto visitAll = [&](auto size) {
        for (; tokens - first >= size.value; first += size.value) {
            visit(size, first);
        }
    };
    visitAll(std::integral_constant<int, 8>());
    visitAll(std::integral_constant<int, 4>());
    visitAll(std::integral_constant<int, 2>());
    visitAll(std::integral_constant<int, 1>());
}

// visit(CodeBits, ZeroKind) as the weight has them.
template <typename Visit>
void withCodes(const QuantizedMatrix& weight, const Visit& visit) {
    const auto withZeros = [&](auto bits) {
        switch (zeroKind(weight)) {
            case ZeroKind::symmetric:
                return visit(bits, std::integral_constant<ZeroKind, ZeroKind::symmetric>());
            case ZeroKind::integer:
                return visit(bits, std::integral_constant<ZeroKind, ZeroKind::integer>());
            case ZeroKind::real:
                return visit(bits, std::integral_constant<ZeroKind, ZeroKind::real>());
        }
    };
    if (weight.bits == CodeBits::four) {
        withZeros(std::integral_constant<CodeBits, CodeBits::four>());
    } else {
        withZeros(std::integral_constant<CodeBits, CodeBits::eight>());
    }
}

}  // namespace apertura::kernels::cuda
