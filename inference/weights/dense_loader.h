// Tensors of plain numbers: matrices used as they lie in the file, and the small vectors, converted
// to float.
#pragma once

#include <cstdint>
#include <vector>

#include "inference/status.h"
#include "inference/weights/tensor_set.h"
#include "inference/weights/weight_storage.h"
#include "kernels/matrix.h"

namespace apertura {

// Errors: fileCorrupt unless the shape is `expected`; config.json is named as what asks for it.
Result<void> checkShape(const Tensor& tensor, const std::vector<std::int64_t>& expected);

// Errors: unsupported unless the tensor is BF16, F16 or F32.
Result<kernels::NumberType> numberType(const Tensor& tensor);

// "bf16", "fp16", "fp32".
const char* formatName(kernels::NumberType type);

// The matrix [rows, columns] in the mapped file itself; copied to `storage` only where the file
// holds it at an address unfit for its numbers.
Result<kernels::DenseMatrix> loadDenseMatrix(const Tensor& tensor, std::int64_t rows,
                                             std::int64_t columns, WeightStorage& storage);

// All elements as float, exactly. Errors: as numberType; fileCorrupt where one is not finite.
Result<std::vector<float>> loadFloats(const Tensor& tensor);

// All elements as FP16 bits. Errors: as numberType; fileCorrupt where one is not finite;
// unsupported where one of a wider type has no exact FP16 value.
Result<std::vector<std::uint16_t>> loadHalves(const Tensor& tensor);

}  // namespace apertura
