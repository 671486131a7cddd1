// From codes, one a byte, to the packed records of kernels/packed_layout.h; from values by (output,
// group) to its arrays of scales and zeros.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "inference/status.h"
#include "inference/weights/weight_storage.h"
#include "kernels/packed_layout.h"
#include "kernels/quantized_matrix.h"

namespace apertura {

// Writes the codes of outputs [first, first + count) to `codes` [count, I], one a byte.
// Threads: called from several at once, for different outputs.
using RowUnpacker =
    std::function<void(std::int64_t first, std::int64_t count, std::span<std::uint8_t> codes)>;

// Packs one block of up to 16 rows. `codes` is [rows, inputs]; `records` are the block's,
// recordBytes of all its inputs. Rows that are missing to 16 get code 0.
void packRowBlock(kernels::CodeBits bits, std::span<const std::uint8_t> codes, std::int64_t inputs,
                  std::span<std::byte> records);

// Calls work(first, count) for all of [0, total) in ranges that begin at multiples of `step`, on
// several threads where `bytes`, the size of the job, makes that worth while. Errors: cancelled;
// what was begun is then finished, the rest left out. So it is where `work` throws, in whichever
// thread: the first exception is thrown on here.
Result<void> forEachRange(std::int64_t total, std::int64_t step, std::int64_t bytes,
                          const std::stop_token& stop,
                          const std::function<void(std::int64_t first, std::int64_t count)>& work);

struct MatrixShape {
    std::int64_t outputs = 0;
    std::int64_t inputs = 0;
    std::int64_t groupSize = 0;

    std::int64_t groups() const { return inputs / groupSize; }
};

// A matrix with its codes packed into `storage`; scales and zeros are left to the caller.
// Errors: outOfMemory, cancelled.
Result<kernels::QuantizedMatrix> packCodes(const MatrixShape& shape, kernels::CodeBits bits,
                                           const RowUnpacker& unpack, WeightStorage& storage,
                                           const std::stop_token& stop);

// Values [outputs, groups] in the order of the packed scales, padding 0.
// Errors: outOfMemory.
template <typename T, typename Value>
Result<std::span<const T>> packByGroup(const MatrixShape& shape, WeightStorage& storage,
                                       const Value& valueOf) {
    auto packed = storage.allocate<T>(kernels::scaleCount(shape.outputs, shape.groups()));
    if (!packed) {
        return packed.error();
    }
    for (std::int64_t o = 0; o < shape.outputs; ++o) {
        for (std::int64_t g = 0; g < shape.groups(); ++g) {
            (*packed)[static_cast<std::size_t>(kernels::scaleIndex(o, g, shape.groups()))] =
                valueOf(o, g);
        }
    }
    return std::span<const T>(*packed);
}

// A copy of `values` that lives as long as `storage`. Errors: outOfMemory.
template <typename T>
Result<std::span<const T>> keepCopy(std::span<const T> values, WeightStorage& storage) {
    auto copy = storage.allocate<T>(static_cast<std::int64_t>(values.size()));
    if (!copy) {
        return copy.error();
    }
    std::copy(values.begin(), values.end(), copy->begin());
    return std::span<const T>(*copy);
}

}  // namespace apertura
