// Views of matrices, and the shape alphabet that every comment uses:
//
//   T tokens, H hidden, Q query heads, K KV heads, D head dim, F feed-forward, V vocabulary,
//   I/O inputs/outputs of a linear, G groups, R adapter rank, S cached positions.
//
// Shapes are written [T, H], row-major. Views never own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/check.h"
#include "kernels/number_formats.h"

namespace apertura::kernels {

// A row-major view [rows, columns] whose rows lie `stride` elements apart.
template <typename T>
struct Matrix {
    T* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t stride = 0;  // elements from one row to the next, >= columns

    Matrix() = default;
    Matrix(T* first, std::int64_t rowCount, std::int64_t columnCount)
        : data(first), rows(rowCount), columns(columnCount), stride(columnCount) {}
    Matrix(T* first, std::int64_t rowCount, std::int64_t columnCount, std::int64_t rowStride)
        : data(first), rows(rowCount), columns(columnCount), stride(rowStride) {}

    operator Matrix<const T>() const { return {data, rows, columns, stride}; }
    std::span<T> row(std::int64_t index) const {
        return {data + index * stride, static_cast<std::size_t>(columns)};
    }
    // Rows [first, first + count), sharing the memory.
    Matrix rowRange(std::int64_t first, std::int64_t count) const {
        CHECK(first >= 0 && count >= 0 && first + count <= rows);
        return {data + first * stride, count, columns, stride};
    }
};

enum class NumberType { bf16, fp16, fp32 };

constexpr std::int64_t bytesPerNumber(NumberType type) {
    return type == NumberType::fp32 ? 4 : 2;
}

// A weight matrix [rows, columns] as the file stores it: row-major, contiguous, little-endian, at
// any byte alignment that is a multiple of the number's size. For a linear, rows = O and columns =
// I.
struct DenseMatrix {
    NumberType type = NumberType::bf16;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    const std::byte* data = nullptr;

    std::int64_t byteCount() const { return rows * columns * bytesPerNumber(type); }
    float at(std::int64_t row, std::int64_t column) const {
        const std::int64_t index = row * columns + column;
        switch (type) {
            case NumberType::bf16:
                return bf16ToFloat(reinterpret_cast<const std::uint16_t*>(data)[index]);
            case NumberType::fp16:
                return halfToFloat(reinterpret_cast<const std::uint16_t*>(data)[index]);
            case NumberType::fp32:
                return reinterpret_cast<const float*>(data)[index];
        }
        return 0.0F;
    }
};

}  // namespace apertura::kernels
