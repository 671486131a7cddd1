#include "tests/support/random_linear.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <numeric>

namespace apertura::test {

namespace {

using kernels::CodeBits;
using kernels::DenseMatrix;
using kernels::NumberType;
using kernels::QuantizedMatrix;

struct Storage {
    std::deque<std::vector<std::byte>> bytes;
    std::deque<std::vector<std::uint16_t>> halves;
    std::deque<std::vector<std::uint8_t>> zeros;
    std::deque<std::vector<std::uint32_t>> orders;
};

struct Quantization {
    CodeBits bits = CodeBits::four;
    bool integerZeros = false;
    bool realZeros = false;
    bool inputScale = false;
    bool actOrder = false;
};

DenseMatrix makeDense(NumberType type, std::int64_t rows, std::int64_t columns, float deviation,
                      std::mt19937& random, Storage& storage, std::vector<double>& weights) {
    const auto values = randomVector(static_cast<std::size_t>(rows * columns), deviation, random);
    auto& bytes = storage.bytes.emplace_back(
        static_cast<std::size_t>(rows * columns * kernels::bytesPerNumber(type)));
    weights.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (type == NumberType::fp32) {
            std::memcpy(bytes.data() + 4 * i, &values[i], 4);
            weights.push_back(values[i]);
            continue;
        }
        const bool isBf16 = type == NumberType::bf16;
        const std::uint16_t bits =
            isBf16 ? kernels::floatToBf16(values[i]) : kernels::floatToHalf(values[i]);
        std::memcpy(bytes.data() + 2 * i, &bits, 2);
        weights.push_back(isBf16 ? kernels::bf16ToFloat(bits) : kernels::halfToFloat(bits));
    }
    return {type, rows, columns, bytes.data()};
}

// Where a code lies, from the prose of packed_layout.h: blocks of 16 rows, chunks of 64 bytes.
void putCode(std::vector<std::byte>& codes, CodeBits bits, std::int64_t row, std::int64_t input,
             std::int64_t inputs, int code) {
    const std::int64_t block = row / 16;
    const std::int64_t r = row % 16;
    if (bits == CodeBits::eight) {
        const std::int64_t chunk = block * (inputs / 4) + input / 4;
        codes[static_cast<std::size_t>(chunk * 64 + 4 * r + input % 4)] =
            static_cast<std::byte>(code);
        return;
    }
    const std::int64_t chunk = block * (inputs / 8) + input / 8;
    const std::int64_t k = input % 8;
    codes[static_cast<std::size_t>(chunk * 64 + 4 * r + k % 4)] |=
        static_cast<std::byte>(k < 4 ? code : code << 4);
}

QuantizedMatrix makeQuantized(const Quantization& how, std::int64_t outputs, std::int64_t inputs,
                              std::int64_t groupSize, std::mt19937& random, Storage& storage,
                              std::vector<double>& weights) {
    const int levels = how.bits == CodeBits::four ? 16 : 256;
    const std::int64_t groups = inputs / groupSize;
    const std::int64_t blocks = (outputs + 15) / 16;
    auto& codes = storage.bytes.emplace_back(
        static_cast<std::size_t>(blocks * 16 * inputs / (how.bits == CodeBits::four ? 2 : 1)));
    const auto scaleCount = static_cast<std::size_t>(blocks * groups * 16);
    auto& scales = storage.halves.emplace_back(scaleCount);
    auto& realZeros = storage.halves.emplace_back(how.realZeros ? scaleCount : 0);
    auto& integerZeros = storage.zeros.emplace_back(how.integerZeros ? scaleCount : 0);
    auto& inputScale =
        storage.halves.emplace_back(how.inputScale ? static_cast<std::size_t>(inputs) : 0);
    auto& order = storage.orders.emplace_back(how.actOrder ? static_cast<std::size_t>(inputs) : 0);
    std::uniform_real_distribution<float> around(0.5F, 1.5F);
    for (auto& scale : inputScale) {
        scale = kernels::floatToHalf(around(random));
    }
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random);

    const float typical =
        3.0F / (static_cast<float>(levels) * std::sqrt(static_cast<float>(inputs)));
    weights.assign(static_cast<std::size_t>(outputs * inputs), 0.0);
    for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t p = 0; p < inputs; ++p) {
            const auto index =
                static_cast<std::size_t>((o / 16 * groups + p / groupSize) * 16 + o % 16);
            if (p % groupSize == 0) {
                scales[index] = kernels::floatToHalf(typical * around(random));
                if (how.realZeros) {
                    realZeros[index] =
                        kernels::floatToHalf(static_cast<float>(levels) / 2 * around(random));
                }
                if (how.integerZeros) {
                    integerZeros[index] = static_cast<std::uint8_t>(random() % 16);
                }
            }
            const int code = static_cast<int>(random() % static_cast<unsigned>(levels));
            putCode(codes, how.bits, o, p, inputs, code);
            const double zero = how.realZeros      ? kernels::halfToFloat(realZeros[index])
                                : how.integerZeros ? integerZeros[index]
                                                   : levels / 2;
            const std::int64_t i = how.actOrder ? order[static_cast<std::size_t>(p)] : p;
            const double columnScale =
                how.inputScale ? kernels::halfToFloat(inputScale[static_cast<std::size_t>(i)])
                               : 1.0;
            weights[static_cast<std::size_t>(o * inputs + i)] =
                (code - zero) * kernels::halfToFloat(scales[index]) * columnScale;
        }
    }
    QuantizedMatrix matrix;
    matrix.inputs = inputs;
    matrix.outputs = outputs;
    matrix.groupSize = groupSize;
    matrix.bits = how.bits;
    matrix.symmetricZero = static_cast<std::uint8_t>(levels / 2);
    matrix.codes = codes;
    matrix.scales = scales;
    matrix.realZeros = realZeros;
    matrix.integerZeros = integerZeros;
    matrix.inputScale = inputScale;
    matrix.inputOrder = order;
    return matrix;
}

Quantization quantizationOf(LinearForm form) {
    Quantization how;
    how.bits = form == LinearForm::int8Symmetric || form == LinearForm::int8RealZeros
                   ? CodeBits::eight
                   : CodeBits::four;
    how.integerZeros = form == LinearForm::int4IntegerZeros;
    how.realZeros = form == LinearForm::int4RealZeros || form == LinearForm::int8RealZeros ||
                    form == LinearForm::int4RowBlocks;
    how.inputScale = form == LinearForm::int4InputScale || form == LinearForm::int4RowBlocks;
    how.actOrder = form == LinearForm::int4ActOrder;
    return how;
}

void addAdapter(RandomLinear& result, std::mt19937& random, Storage& storage) {
    constexpr std::int64_t kRank = 5;
    const std::int64_t inputs = result.linear.inputs;
    const std::int64_t outputs = result.linear.outputs;
    std::vector<double> a;
    std::vector<double> b;
    kernels::LowRankAdapter adapter;
    adapter.a = makeDense(NumberType::fp16, kRank, inputs,
                          1.0F / std::sqrt(static_cast<float>(inputs)), random, storage, a);
    adapter.b = makeDense(NumberType::bf16, outputs, kRank, 0.2F, random, storage, b);
    for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t r = 0; r < kRank; ++r) {
            for (std::int64_t i = 0; i < inputs; ++i) {
                result.weights[static_cast<std::size_t>(o * inputs + i)] +=
                    b[static_cast<std::size_t>(o * kRank + r)] *
                    a[static_cast<std::size_t>(r * inputs + i)];
            }
        }
    }
    result.linear.adapter = adapter;
}

}  // namespace

std::vector<LinearForm> allLinearForms() {
    return {LinearForm::bf16,          LinearForm::fp16,          LinearForm::fp32,
            LinearForm::int4Symmetric, LinearForm::int8Symmetric, LinearForm::int4IntegerZeros,
            LinearForm::int4RealZeros, LinearForm::int8RealZeros, LinearForm::int4InputScale,
            LinearForm::int4ActOrder,  LinearForm::int4RowBlocks, LinearForm::int4Adapter,
            LinearForm::bf16Adapter};
}

std::vector<LinearForm> quantizedForms() {
    return {LinearForm::int4Symmetric, LinearForm::int8Symmetric, LinearForm::int4IntegerZeros,
            LinearForm::int4RealZeros, LinearForm::int8RealZeros, LinearForm::int4InputScale,
            LinearForm::int4ActOrder};
}

const char* linearFormName(LinearForm form) {
    switch (form) {
        case LinearForm::bf16:
            return "Bf16";
        case LinearForm::fp16:
            return "Fp16";
        case LinearForm::fp32:
            return "Fp32";
        case LinearForm::int4Symmetric:
            return "Int4Symmetric";
        case LinearForm::int8Symmetric:
            return "Int8Symmetric";
        case LinearForm::int4IntegerZeros:
            return "Int4IntegerZeros";
        case LinearForm::int4RealZeros:
            return "Int4RealZeros";
        case LinearForm::int8RealZeros:
            return "Int8RealZeros";
        case LinearForm::int4InputScale:
            return "Int4InputScale";
        case LinearForm::int4ActOrder:
            return "Int4ActOrder";
        case LinearForm::int4RowBlocks:
            return "Int4RowBlocks";
        case LinearForm::int4Adapter:
            return "Int4Adapter";
        case LinearForm::bf16Adapter:
            return "Bf16Adapter";
    }
    return "";
}

RandomLinear makeRandomLinear(LinearForm form, std::int64_t outputs, std::int64_t inputs,
                              std::int64_t groupSize, std::mt19937& random) {
    auto storage = std::make_shared<Storage>();
    RandomLinear result;
    result.linear.inputs = inputs;
    result.linear.outputs = outputs;
    const bool isDense = form == LinearForm::bf16 || form == LinearForm::fp16 ||
                         form == LinearForm::fp32 || form == LinearForm::bf16Adapter;
    if (isDense) {
        const NumberType type = form == LinearForm::fp16   ? NumberType::fp16
                                : form == LinearForm::fp32 ? NumberType::fp32
                                                           : NumberType::bf16;
        const float deviation = 1.0F / std::sqrt(static_cast<float>(inputs));
        result.linear.blocks.push_back(
            {0, makeDense(type, outputs, inputs, deviation, random, *storage, result.weights)});
    } else {
        const std::int64_t rows = form == LinearForm::int4RowBlocks ? (outputs + 2) / 3 : outputs;
        for (std::int64_t first = 0; first < outputs; first += rows) {
            std::vector<double> part;
            const std::int64_t count = std::min(rows, outputs - first);
            result.linear.blocks.push_back(
                {first, makeQuantized(quantizationOf(form), count, inputs, groupSize, random,
                                      *storage, part)});
            result.weights.insert(result.weights.end(), part.begin(), part.end());
        }
    }
    if (form == LinearForm::int4Adapter || form == LinearForm::bf16Adapter) {
        addAdapter(result, random, *storage);
    }
    result.storage = storage;
    return result;
}

std::vector<float> randomVector(std::size_t count, float deviation, std::mt19937& random) {
    std::normal_distribution<float> normal(0.0F, deviation);
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    return values;
}

}  // namespace apertura::test
