#include "inference/weights/sinq_loader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "inference/weights/dense_loader.h"
#include "inference/weights/packing.h"
#include "inference/weights/sinq_codes.h"
#include "inference/weights/sinq_sidecar.h"
#include "kernels/number_formats.h"

namespace apertura {

namespace {

using kernels::CodeBits;
using kernels::floatToHalf;
using kernels::halfToFloat;

// The levels of the normal-float types: QLoRA's NF4 (arXiv 2305.14314), and SINQ's three-bit one.
constexpr std::array<float, 16> kNf4 = {-1.0F,
                                        -0.6961928009986877F,
                                        -0.5250730514526367F,
                                        -0.39491748809814453F,
                                        -0.28444138169288635F,
                                        -0.18477343022823334F,
                                        -0.09105003625154495F,
                                        0.0F,
                                        0.07958029955625534F,
                                        0.16093020141124725F,
                                        0.24611230194568634F,
                                        0.33791524171829224F,
                                        0.44070982933044434F,
                                        0.5626170039176941F,
                                        0.7229568362236023F,
                                        1.0F};
constexpr std::array<float, 8> kNf3 = {-1.0F,
                                       -0.5350227355957031F,
                                       -0.2469314038753510F,
                                       0.0F,
                                       0.1833375245332718F,
                                       0.3819939494132996F,
                                       0.6229856610298157F,
                                       1.0F};

class SinqLoader {
public:
    SinqLoader(LoadContext& context, const LinearShape& shape)
        : m_context(context), m_shape(shape) {}

    Result<LoadedLinear> load() {
        for (const auto& step :
             {&SinqLoader::readParameters, &SinqLoader::readCodes, &SinqLoader::readScale2,
              &SinqLoader::readScalesAndZeros, &SinqLoader::makeBlocks}) {
            if (auto done = (this->*step)(); !done) {
                return done.error();
            }
        }
        m_loaded.info.format = formatName(m_parameters.levels);
        m_loaded.info.bits = m_parameters.declaredBits;
        m_loaded.info.groupSize = m_parameters.groupSize;
        for (const Tensor* tensor : m_sources) {
            m_loaded.sourceBytes += static_cast<std::int64_t>(tensor->bytes().size());
            releasePages(tensor->bytes());
        }
        m_loaded.sources = std::move(m_sources);
        m_loaded.isConverted = true;
        return std::move(m_loaded);
    }

private:
    // A tensor of this module, or nothing.
    const Tensor* part(const char* suffix) {
        const Tensor* tensor = m_context.tensors.find(m_shape.name + suffix);
        if (tensor != nullptr) {
            m_sources.push_back(tensor);
        }
        return tensor;
    }

    Error missing(const char* suffix) const {
        return m_context.tensors.missing(m_shape.name + suffix, m_sources.front());
    }

    Result<void> readParameters() {
        part(".W_q");
        auto parameters = m_context.sidecar.parametersOf(m_shape);
        if (!parameters) {
            return parameters.error();
        }
        m_parameters = *parameters;
        return {};
    }

    Result<void> readCodes() {
        auto codes = describeSinqCodes(*m_sources.front(), m_parameters.bits,
                                       m_shape.outputs * m_shape.inputs, m_parameters.groupSize);
        if (!codes) {
            return codes.error();
        }
        m_codes = *codes;
        return {};
    }

    // scale2 is flat [rows of tiles, I] in both tilings, with one row in 1D.
    Result<void> readScale2() {
        const Tensor* tensor = part(".meta.scale2");
        if (tensor == nullptr) {
            return {};
        }
        auto values = loadHalves(*tensor);
        if (!values) {
            return values.error();
        }
        m_isTiled = tensor->shape().size() == 3;
        const std::int64_t size = m_parameters.groupSize;
        if (m_isTiled && m_shape.outputs % size != 0) {
            return tensor->fault("has three dimensions (2D tiling), but tiles of " +
                                 std::to_string(size) + " do not divide the " +
                                 std::to_string(m_shape.outputs) + " outputs.");
        }
        const std::vector<std::int64_t> expected =
            m_isTiled ? std::vector<std::int64_t>{m_shape.outputs / size * (m_shape.inputs / size),
                                                  1, size}
                      : std::vector<std::int64_t>{1, m_shape.inputs};
        if (tensor->shape() != expected) {
            return tensor->fault("has shape " + shapeText(tensor->shape()) + " instead of " +
                                 shapeText(expected) + ".");
        }
        m_scale2 = std::move(*values);
        return {};
    }

    Result<void> readScalesAndZeros() {
        auto scales =
            readAuxiliary(".meta.scale", ".meta.scale.x", ".meta.scale.s", ".meta.scale.m");
        if (!scales) {
            return scales.error();
        }
        m_scales = std::move(*scales);
        auto zeros = readAuxiliary(".meta.zero", ".meta.zero.x", ".meta.zero.s", ".meta.zero.m");
        if (!zeros) {
            return zeros.error();
        }
        m_zeros = std::move(*zeros);
        m_zerosAreBytes = std::all_of(m_zeros.begin(), m_zeros.end(), [](std::uint16_t bits) {
            const float zero = halfToFloat(bits);
            return zero >= 0.0F && zero <= 255.0F && zero == std::floor(zero);
        });
        return {};
    }

    std::int64_t groupCount() const {
        return m_shape.outputs * m_shape.inputs / m_parameters.groupSize;
    }

    // FP16 bits of all scales or zeros, plain or out of their 8-bit codes.
    Result<std::vector<std::uint16_t>> readAuxiliary(const char* plain, const char* codes,
                                                     const char* scale, const char* offset) {
        if (const Tensor* tensor = part(plain)) {
            auto values = loadHalves(*tensor);
            if (!values) {
                return values;
            }
            if (values->size() == 1) {  // SINQ's methods without zeros keep one for all
                values->resize(static_cast<std::size_t>(groupCount()), values->front());
            }
            if (static_cast<std::int64_t>(values->size()) != groupCount()) {
                return tensor->fault("has shape " + shapeText(tensor->shape()) +
                                     ", but there are " + std::to_string(groupCount()) +
                                     " groups.");
            }
            return values;
        }
        const Tensor* x = part(codes);
        const Tensor* s = part(scale);
        const Tensor* m = part(offset);
        for (const auto& [tensor, suffix] :
             {std::pair(x, codes), std::pair(s, scale), std::pair(m, offset)}) {
            if (tensor == nullptr) {
                return missing(suffix);
            }
        }
        return decodeAuxiliary(*x, *s, *m);
    }

    // fp16(fp16(x s) + m), as the library rounds; s and m have a value for each column of x.
    Result<std::vector<std::uint16_t>> decodeAuxiliary(const Tensor& x, const Tensor& s,
                                                       const Tensor& m) const {
        if (x.type() != TensorType::u8 || x.shape().size() != 2 || x.elements() != groupCount()) {
            return x.fault("has shape " + shapeText(x.shape()) + " and dtype " +
                           tensorTypeName(x.type()) + ", but there are " +
                           std::to_string(groupCount()) + " groups with a U8 each.");
        }
        const std::int64_t columns = x.dimension(1);
        for (const Tensor* tensor : {&s, &m}) {
            if (tensor->shape() != std::vector<std::int64_t>{1, columns}) {
                return tensor->fault("has shape " + shapeText(tensor->shape()) + " instead of " +
                                     shapeText({1, columns}) + ", as the columns of " +
                                     shown(x.entry->name) + " ask.");
            }
        }
        const auto scales = loadHalves(s);
        if (!scales) {
            return scales.error();
        }
        const auto offsets = loadHalves(m);
        if (!offsets) {
            return offsets.error();
        }
        std::vector<std::uint16_t> values(static_cast<std::size_t>(groupCount()));
        for (std::size_t e = 0; e < values.size(); ++e) {
            const std::size_t column = e % static_cast<std::size_t>(columns);
            const auto code = static_cast<float>(std::to_integer<int>(x.bytes()[e]));
            const float product = halfToFloat(floatToHalf(code * halfToFloat((*scales)[column])));
            values[e] = floatToHalf(product + halfToFloat((*offsets)[column]));
            if (!std::isfinite(halfToFloat(values[e]))) {
                return s.fault("makes values that FP16 cannot hold.");
            }
        }
        return values;
    }

    // Where the scale and zero of (output, group along the inputs) stand in the file.
    std::size_t auxiliaryIndex(std::int64_t output, std::int64_t group) const {
        const std::int64_t size = m_parameters.groupSize;
        const std::int64_t perRow = m_shape.inputs / size;
        return static_cast<std::size_t>(m_isTiled ? (output / size * perRow + group) * size +
                                                        output % size
                                                  : output * perRow + group);
    }

    Result<void> makeBlocks() {
        if (m_parameters.levels != SinqLevels::uniform) {
            return makeDense();
        }
        const std::int64_t rows = m_isTiled ? m_parameters.groupSize : m_shape.outputs;
        for (std::int64_t first = 0; first < m_shape.outputs; first += rows) {
            auto matrix = makeQuantized(first, rows);
            if (!matrix) {
                return matrix.error();
            }
            m_loaded.weightBytes += matrix->byteCount();
            m_loaded.linear.blocks.push_back({first, *matrix});
        }
        return {};
    }

    // Rows [firstRow, firstRow + rows), which share their input scales.
    Result<kernels::QuantizedMatrix> makeQuantized(std::int64_t firstRow, std::int64_t rows) {
        const MatrixShape shape{rows, m_shape.inputs, m_parameters.groupSize};
        const auto unpack = [&](std::int64_t first, std::int64_t, std::span<std::uint8_t> codes) {
            m_codes.unpack((firstRow + first) * m_shape.inputs, codes);
        };
        auto matrix = packCodes(shape, m_parameters.bits <= 4 ? CodeBits::four : CodeBits::eight,
                                unpack, m_context.storage, m_context.stop);
        if (!matrix) {
            return matrix;
        }
        auto scales = packByGroup<std::uint16_t>(shape, m_context.storage, [&](auto o, auto g) {
            return m_scales[auxiliaryIndex(firstRow + o, g)];
        });
        if (!scales) {
            return scales.error();
        }
        matrix->scales = *scales;
        if (auto packed = packZeros(shape, firstRow, *matrix); !packed) {
            return packed.error();
        }
        if (!m_scale2.empty()) {
            const auto inputs = static_cast<std::size_t>(m_shape.inputs);
            const std::size_t tileRow =
                m_isTiled ? static_cast<std::size_t>(firstRow / m_parameters.groupSize) : 0;
            auto scale2 =
                keepCopy(std::span<const std::uint16_t>(m_scale2).subspan(tileRow * inputs, inputs),
                         m_context.storage);
            if (!scale2) {
                return scale2.error();
            }
            matrix->inputScale = *scale2;
        }
        return matrix;
    }

    // As bytes where all of them are whole and 0..255, else as they are.
    Result<void> packZeros(const MatrixShape& shape, std::int64_t firstRow,
                           kernels::QuantizedMatrix& matrix) {
        const auto zeroOf = [&](auto o, auto g) {
            return m_zeros[auxiliaryIndex(firstRow + o, g)];
        };
        if (m_zerosAreBytes) {
            auto packed = packByGroup<std::uint8_t>(shape, m_context.storage, [&](auto o, auto g) {
                return static_cast<std::uint8_t>(halfToFloat(zeroOf(o, g)));
            });
            if (!packed) {
                return packed.error();
            }
            matrix.integerZeros = *packed;
            return {};
        }
        auto packed = packByGroup<std::uint16_t>(shape, m_context.storage, zeroOf);
        if (!packed) {
            return packed.error();
        }
        matrix.realZeros = *packed;
        return {};
    }

    // The normal-float types: every step rounds to FP16, the levels included, so the weights are
    // FP16 numbers.
    Result<void> makeDense() {
        const std::int64_t inputs = m_shape.inputs;
        auto memory = m_context.storage.allocate<std::uint16_t>(m_shape.outputs * inputs);
        if (!memory) {
            return memory.error();
        }
        std::vector<float> levels(m_parameters.levels == SinqLevels::nf4 ? kNf4.size()
                                                                         : kNf3.size());
        std::transform(
            m_parameters.levels == SinqLevels::nf4 ? kNf4.data() : kNf3.data(),
            (m_parameters.levels == SinqLevels::nf4 ? kNf4.data() : kNf3.data()) + levels.size(),
            levels.begin(), [](float level) { return halfToFloat(floatToHalf(level)); });
        const auto makeRows = [&](std::int64_t first, std::int64_t count) {
            std::vector<std::uint8_t> codes(static_cast<std::size_t>(count * inputs));
            m_codes.unpack(first * inputs, codes);
            for (std::int64_t row = 0; row < count; ++row) {
                makeDenseRow(first + row, levels,
                             std::span(codes).subspan(static_cast<std::size_t>(row * inputs),
                                                      static_cast<std::size_t>(inputs)),
                             memory->subspan(static_cast<std::size_t>((first + row) * inputs),
                                             static_cast<std::size_t>(inputs)));
            }
        };
        const auto bytes = static_cast<std::int64_t>(memory->size_bytes());
        if (auto done =
                forEachRange(m_shape.outputs, kernels::kBlockRows, bytes, m_context.stop, makeRows);
            !done) {
            return done;
        }
        const kernels::DenseMatrix matrix{kernels::NumberType::fp16, m_shape.outputs, inputs,
                                          std::as_bytes(*memory).data()};
        m_loaded.weightBytes = matrix.byteCount();
        m_loaded.linear.blocks.push_back({0, matrix});
        return {};
    }

    void makeDenseRow(std::int64_t output, const std::vector<float>& levels,
                      std::span<const std::uint8_t> codes, std::span<std::uint16_t> row) const {
        const auto rounded = [](float value) { return halfToFloat(floatToHalf(value)); };
        const auto size = static_cast<std::size_t>(m_parameters.groupSize);
        const std::size_t tileRow =
            m_isTiled ? static_cast<std::size_t>(output / m_parameters.groupSize) * codes.size()
                      : 0;
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const std::size_t index = auxiliaryIndex(output, static_cast<std::int64_t>(i / size));
            const float shifted = rounded(levels[codes[i]] - halfToFloat(m_zeros[index]));
            float weight = rounded(shifted * halfToFloat(m_scales[index]));
            if (!m_scale2.empty()) {
                weight = rounded(weight * halfToFloat(m_scale2[tileRow + i]));
            }
            row[i] = floatToHalf(weight);
        }
    }

    LoadContext& m_context;
    const LinearShape& m_shape;
    SinqParameters m_parameters;
    std::vector<const Tensor*> m_sources;  // W_q first
    SinqCodes m_codes;
    std::vector<std::uint16_t> m_scales;  // FP16 bits, in the order of the file
    std::vector<std::uint16_t> m_zeros;   // likewise
    bool m_zerosAreBytes = false;         // whole numbers in 0..255, all of them
    std::vector<std::uint16_t> m_scale2;  // likewise; empty where the file has none
    bool m_isTiled = false;
    LoadedLinear m_loaded;
};

}  // namespace

Result<LoadedLinear> loadSinqLinear(LoadContext& context, const LinearShape& shape) {
    return SinqLoader(context, shape).load();
}

}  // namespace apertura
