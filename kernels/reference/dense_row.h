// One row of a dense matrix as floats, exactly.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/matrix.h"

namespace apertura::kernels::reference {

// Shapes: values [I].
inline void unpackDenseRow(const DenseMatrix& matrix, std::int64_t row, std::span<float> values) {
    const auto columns = static_cast<std::size_t>(matrix.columns);
    const std::byte* first = matrix.data + row * matrix.columns * bytesPerNumber(matrix.type);
    switch (matrix.type) {
        case NumberType::bf16:
            for (std::size_t i = 0; i < columns; ++i) {
                values[i] = bf16ToFloat(reinterpret_cast<const std::uint16_t*>(first)[i]);
            }
            return;
        case NumberType::fp16:
            for (std::size_t i = 0; i < columns; ++i) {
                values[i] = halfToFloat(reinterpret_cast<const std::uint16_t*>(first)[i]);
            }
            return;
        case NumberType::fp32:
            for (std::size_t i = 0; i < columns; ++i) {
                values[i] = reinterpret_cast<const float*>(first)[i];
            }
            return;
    }
}

}  // namespace apertura::kernels::reference
