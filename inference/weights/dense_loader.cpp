#include "inference/weights/dense_loader.h"

#include <cmath>
#include <cstring>

#include "kernels/number_formats.h"

namespace apertura {

Result<void> checkShape(const Tensor& tensor, const std::vector<std::int64_t>& expected) {
    if (tensor.shape() == expected) {
        return {};
    }
    return tensor.fault("has shape " + shapeText(tensor.shape()) + ", but config.json asks for " +
                        shapeText(expected) + ".");
}

Result<kernels::NumberType> numberType(const Tensor& tensor) {
    switch (tensor.type()) {
        case TensorType::bf16:
            return kernels::NumberType::bf16;
        case TensorType::f16:
            return kernels::NumberType::fp16;
        case TensorType::f32:
            return kernels::NumberType::fp32;
        case TensorType::boolean:
        case TensorType::u8:
        case TensorType::i8:
        case TensorType::u16:
        case TensorType::i16:
        case TensorType::u32:
        case TensorType::i32:
        case TensorType::u64:
        case TensorType::i64:
        case TensorType::f8e4m3:
        case TensorType::f8e5m2:
        case TensorType::f64:
            break;
    }
    return tensor.fault(std::string("has dtype ") + tensorTypeName(tensor.type()) +
                            "; supported here are BF16, F16 and F32.",
                        ErrorCode::unsupported);
}

const char* formatName(kernels::NumberType type) {
    switch (type) {
        case kernels::NumberType::bf16:
            return "bf16";
        case kernels::NumberType::fp16:
            return "fp16";
        case kernels::NumberType::fp32:
            return "fp32";
    }
    return "";
}

Result<kernels::DenseMatrix> loadDenseMatrix(const Tensor& tensor, std::int64_t rows,
                                             std::int64_t columns, WeightStorage& storage) {
    const auto type = numberType(tensor);
    if (!type) {
        return type.error();
    }
    if (auto fits = checkShape(tensor, {rows, columns}); !fits) {
        return fits.error();
    }
    std::span<const std::byte> bytes = tensor.bytes();
    const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
    if (address % static_cast<std::uintptr_t>(kernels::bytesPerNumber(*type)) != 0) {
        auto copy = storage.allocateBytes(static_cast<std::int64_t>(bytes.size()),
                                          WeightStorage::Content::undefined);
        if (!copy) {
            return copy.error();
        }
        std::memcpy(copy->data(), bytes.data(), bytes.size());
        bytes = *copy;
    }
    return kernels::DenseMatrix{*type, rows, columns, bytes.data()};
}

Result<std::vector<float>> loadFloats(const Tensor& tensor) {
    const auto type = numberType(tensor);
    if (!type) {
        return type.error();
    }
    const auto count = static_cast<std::size_t>(tensor.elements());
    const std::byte* const bytes = tensor.bytes().data();
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (*type == kernels::NumberType::fp32) {
            std::memcpy(&values[i], bytes + 4 * i, 4);
        } else {
            std::uint16_t bits = 0;
            std::memcpy(&bits, bytes + 2 * i, 2);
            values[i] = *type == kernels::NumberType::bf16 ? kernels::bf16ToFloat(bits)
                                                           : kernels::halfToFloat(bits);
        }
        if (!std::isfinite(values[i])) {
            return tensor.fault("holds NaN or infinity.");
        }
    }
    return values;
}

Result<std::vector<std::uint16_t>> loadHalves(const Tensor& tensor) {
    const auto values = loadFloats(tensor);
    if (!values) {
        return values.error();
    }
    std::vector<std::uint16_t> halves(values->size());
    for (std::size_t i = 0; i < halves.size(); ++i) {
        halves[i] = kernels::floatToHalf((*values)[i]);
        if (kernels::halfToFloat(halves[i]) != (*values)[i]) {
            return tensor.fault(
                std::string("has dtype ") + tensorTypeName(tensor.type()) +
                    " with values that FP16 cannot hold exactly; supported here is FP16.",
                ErrorCode::unsupported);
        }
    }
    return halves;
}

}  // namespace apertura
