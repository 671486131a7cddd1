#include "inference/weights/gptq_loader.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "inference/weights/dense_loader.h"
#include "inference/weights/packing.h"

namespace apertura {

namespace {

using kernels::CodeBits;

std::uint32_t loadWord(const std::byte* words, std::int64_t index) {
    std::uint32_t word = 0;
    std::memcpy(&word, words + 4 * index, sizeof(word));
    return word;
}

// Field `index` of a stream of `bits`-bit fields in words that lie `stride` words apart.
std::uint32_t streamField(const std::byte* words, std::int64_t stride, int bits,
                          std::int64_t index) {
    const std::int64_t position = index * bits;
    const auto shift = static_cast<int>(position % 32);
    std::uint64_t both = loadWord(words, position / 32 * stride);
    if (shift + bits > 32) {
        both |= static_cast<std::uint64_t>(loadWord(words, (position / 32 + 1) * stride)) << 32;
    }
    return static_cast<std::uint32_t>(both >> shift) & ((1U << bits) - 1U);
}

// The eight nibbles of a word as eight bytes, in order.
std::uint64_t spreadNibbles(std::uint32_t word) {
    std::uint64_t x = word;
    x = (x | (x << 16)) & 0x0000FFFF0000FFFFULL;
    x = (x | (x << 8)) & 0x00FF00FF00FF00FFULL;
    return (x | (x << 4)) & 0x0F0F0F0F0F0F0F0FULL;
}

// Codes of outputs [first, first + count) in the order of the file.
void unpackOutputs(const Tensor& qweight, int bits, std::int64_t first, std::int64_t count,
                   std::span<std::uint8_t> codes) {
    const std::int64_t outputs = qweight.dimension(1);
    const std::int64_t inputs = static_cast<std::int64_t>(codes.size()) / count;
    const std::byte* const words = qweight.bytes().data() + 4 * first;
    if (bits != 4 && bits != 8) {
        for (std::int64_t o = 0; o < count; ++o) {
            for (std::int64_t i = 0; i < inputs; ++i) {
                codes[static_cast<std::size_t>(o * inputs + i)] =
                    static_cast<std::uint8_t>(streamField(words + 4 * o, outputs, bits, i));
            }
        }
        return;
    }
    const std::int64_t perWord = 32 / bits;
    for (std::int64_t w = 0; w < inputs / perWord; ++w) {
        for (std::int64_t o = 0; o < count; ++o) {
            const std::uint32_t word = loadWord(words, w * outputs + o);
            std::uint8_t* const target = codes.data() + o * inputs + w * perWord;
            if (bits == 8) {
                std::memcpy(target, &word, sizeof(word));
            } else {
                const std::uint64_t spread = spreadNibbles(word);
                std::memcpy(target, &spread, sizeof(spread));
            }
        }
    }
}

class GptqLoader {
public:
    GptqLoader(LoadContext& context, const LinearShape& shape)
        : m_context(context), m_shape(shape), m_matrix{shape.outputs, shape.inputs, shape.inputs} {}

    Result<LoadedLinear> load() {
        for (const auto& step :
             {&GptqLoader::readParameters, &GptqLoader::findTensors, &GptqLoader::readGroups,
              &GptqLoader::pack, &GptqLoader::packScales, &GptqLoader::packZeros}) {
            if (auto done = (this->*step)(); !done) {
                return done.error();
            }
        }
        LoadedLinear loaded;
        loaded.linear.blocks.push_back({0, m_packed});
        loaded.info.format = "gptq";
        loaded.info.bits = m_parameters.bits;
        loaded.info.groupSize = m_matrix.groupSize;
        loaded.weightBytes = m_packed.byteCount();
        loaded.isConverted = true;
        for (const Tensor* tensor : {m_qweight, m_qzeros, m_scales, m_groupIndex}) {
            if (tensor != nullptr) {
                loaded.sources.push_back(tensor);
                loaded.sourceBytes += static_cast<std::int64_t>(tensor->bytes().size());
                releasePages(tensor->bytes());
            }
        }
        return loaded;
    }

private:
    Error configFault(const std::string& field, const std::string& sentence) const {
        return fileError(ErrorCode::fileCorrupt, m_context.quantization.where(),
                         m_context.quantization.path() + field + " " + sentence);
    }

    Result<void> readParameters() {
        m_qweight = m_context.tensors.find(m_shape.name + ".qweight");
        if (m_context.quantization.method() != QuantizationMethod::gptq) {
            return fileError(ErrorCode::fileMissing, "quantize_config.json",
                             "the file is missing, but " + m_qweight->file->label + " has " +
                                 shown(m_qweight->entry->name) +
                                 ", which needs its bits and group_size.");
        }
        const std::string& stored = m_qweight->entry->name;
        const auto parameters =
            m_context.quantization.forModule(stored.substr(0, stored.rfind('.')));
        if (!parameters) {
            return parameters.error();
        }
        m_parameters = *parameters;
        if (!m_parameters.quantized) {
            return configFault("dynamic", "leaves " + m_shape.name + " unquantized, but " +
                                              m_qweight->file->label + " has its qweight.");
        }
        if (m_parameters.groupSize > 0) {
            m_matrix.groupSize = m_parameters.groupSize;
        }
        if (m_shape.inputs % m_matrix.groupSize != 0 || m_matrix.groupSize % 8 != 0) {
            return configFault("group_size", "is " + std::to_string(m_parameters.groupSize) +
                                                 ", which does not cut the " +
                                                 std::to_string(m_shape.inputs) + " inputs of " +
                                                 m_shape.name + " into groups of a multiple of 8.");
        }
        return {};
    }

    // Finds one tensor, of this type and shape.
    Result<const Tensor*> part(const char* suffix, TensorType type,
                               const std::vector<std::int64_t>& expected) {
        const std::string name = m_shape.name + suffix;
        const Tensor* tensor = m_context.tensors.find(name);
        if (tensor == nullptr) {
            return m_context.tensors.missing(name, m_qweight);
        }
        if (type == TensorType::i32 && tensor->type() != type) {
            return tensor->fault(std::string("has dtype ") + tensorTypeName(tensor->type()) +
                                 " instead of I32.");
        }
        if (tensor->shape() != expected) {
            return tensor->fault("has shape " + shapeText(tensor->shape()) + ", but " +
                                 std::to_string(m_parameters.bits) + " bits and groups of " +
                                 std::to_string(m_matrix.groupSize) + " make it " +
                                 shapeText(expected) + ".");
        }
        return tensor;
    }

    Result<void> findTensors() {
        const auto words = [this](std::int64_t fields) {
            return (fields * m_parameters.bits + 31) / 32;
        };
        const std::int64_t groups = m_matrix.groups();
        const auto qweight =
            part(".qweight", TensorType::i32, {words(m_shape.inputs), m_shape.outputs});
        if (!qweight) {
            return qweight.error();
        }
        const auto qzeros = part(".qzeros", TensorType::i32, {groups, words(m_shape.outputs)});
        if (!qzeros) {
            return qzeros.error();
        }
        const auto scales = part(".scales", TensorType::f16, {groups, m_shape.outputs});
        if (!scales) {
            return scales.error();
        }
        m_qzeros = *qzeros;
        m_scales = *scales;
        if (m_context.tensors.contains(m_shape.name + ".g_idx")) {
            const auto index = part(".g_idx", TensorType::i32, {m_shape.inputs});
            if (!index) {
                return index.error();
            }
            m_groupIndex = *index;
        } else if (m_parameters.actOrder) {
            return m_context.tensors.missing(m_shape.name + ".g_idx", m_qweight);
        }
        return {};
    }

    // Where the groups are no runs of inputs, the order that makes them so: sorted by group,
    // stable.
    Result<void> readGroups() {
        if (m_groupIndex == nullptr) {
            return {};
        }
        const std::int64_t groups = m_matrix.groups();
        std::vector<std::uint32_t> groupOf(static_cast<std::size_t>(m_shape.inputs));
        std::vector<std::int64_t> sizes(static_cast<std::size_t>(groups));
        for (std::size_t i = 0; i < groupOf.size(); ++i) {
            const auto group = static_cast<std::int32_t>(
                loadWord(m_groupIndex->bytes().data(), static_cast<std::int64_t>(i)));
            if (group < 0 || group >= groups) {
                return m_groupIndex->fault("names group " + std::to_string(group) + " of " +
                                           std::to_string(groups) + ".");
            }
            groupOf[i] = static_cast<std::uint32_t>(group);
            ++sizes[static_cast<std::size_t>(group)];
        }
        if (std::any_of(sizes.begin(), sizes.end(),
                        [this](auto n) { return n != m_matrix.groupSize; })) {
            return m_groupIndex->fault(
                "has groups of unequal size; supported are groups of group_size inputs.",
                ErrorCode::unsupported);
        }
        if (std::is_sorted(groupOf.begin(), groupOf.end())) {
            return {};
        }
        m_order.resize(groupOf.size());
        std::iota(m_order.begin(), m_order.end(), 0U);
        std::stable_sort(m_order.begin(), m_order.end(),
                         [&groupOf](auto a, auto b) { return groupOf[a] < groupOf[b]; });
        return {};
    }

    Result<void> pack() {
        const RowUnpacker inFileOrder = [this](std::int64_t first, std::int64_t count,
                                               std::span<std::uint8_t> codes) {
            unpackOutputs(*m_qweight, m_parameters.bits, first, count, codes);
        };
        const RowUnpacker byGroup = [&](std::int64_t first, std::int64_t count,
                                        std::span<std::uint8_t> codes) {
            std::vector<std::uint8_t> stored(codes.size());
            inFileOrder(first, count, stored);
            const std::size_t inputs = m_order.size();
            for (std::size_t row = 0; row < codes.size(); row += inputs) {
                for (std::size_t p = 0; p < inputs; ++p) {
                    codes[row + p] = stored[row + m_order[p]];
                }
            }
        };
        const CodeBits bits = m_parameters.bits == 8 ? CodeBits::eight : CodeBits::four;
        auto packed = packCodes(m_matrix, bits, m_order.empty() ? inFileOrder : byGroup,
                                m_context.storage, m_context.stop);
        if (!packed) {
            return packed.error();
        }
        m_packed = *packed;
        if (!m_order.empty()) {
            auto order = keepCopy(std::span<const std::uint32_t>(m_order), m_context.storage);
            if (!order) {
                return order.error();
            }
            m_packed.inputOrder = *order;
        }
        return {};
    }

    Result<void> packScales() {
        const auto halves = loadHalves(*m_scales);
        if (!halves) {
            return halves.error();
        }
        auto packed = packByGroup<std::uint16_t>(m_matrix, m_context.storage, [&](auto o, auto g) {
            return (*halves)[static_cast<std::size_t>(g * m_shape.outputs + o)];
        });
        if (!packed) {
            return packed.error();
        }
        m_packed.scales = *packed;
        return {};
    }

    // The zeros of one group. Format "gptq" subtracts one from each field: for 2, 4 and 8 bits by
    // one 32-bit subtraction from the word, borrows included, which the same addition undoes; for 3
    // bits field by field.
    std::vector<std::uint8_t> zerosOf(std::int64_t group) const {
        const int bits = m_parameters.bits;
        const std::int64_t words = m_qzeros->dimension(1);
        const bool addOne = m_context.quantization.zerosAreLessOne();
        std::vector<std::uint32_t> row(static_cast<std::size_t>(words));
        for (std::int64_t w = 0; w < words; ++w) {
            row[static_cast<std::size_t>(w)] =
                loadWord(m_qzeros->bytes().data(), group * words + w);
        }
        if (addOne && bits != 3) {
            const std::uint32_t ones = bits == 2   ? 0x55555555U
                                       : bits == 4 ? 0x11111111U
                                                   : 0x01010101U;
            std::transform(row.begin(), row.end(), row.begin(),
                           [ones](auto word) { return word + ones; });
        }
        std::vector<std::uint8_t> zeros(static_cast<std::size_t>(m_shape.outputs));
        const auto* const bytes = reinterpret_cast<const std::byte*>(row.data());
        for (std::size_t o = 0; o < zeros.size(); ++o) {
            const std::uint32_t field = streamField(bytes, 1, bits, static_cast<std::int64_t>(o));
            zeros[o] = static_cast<std::uint8_t>(addOne && bits == 3 ? (field + 1U) & 7U : field);
        }
        return zeros;
    }

    Result<void> packZeros() {
        const auto common = static_cast<std::uint8_t>(1U << (m_parameters.bits - 1));
        std::vector<std::uint8_t> zeros;
        for (std::int64_t g = 0; g < m_matrix.groups(); ++g) {
            const auto row = zerosOf(g);
            zeros.insert(zeros.end(), row.begin(), row.end());
        }
        const auto other =
            std::find_if(zeros.begin(), zeros.end(), [common](auto z) { return z != common; });
        m_packed.symmetricZero = common;
        if (other == zeros.end()) {
            return {};
        }
        if (m_parameters.symmetric) {
            return m_qzeros->fault("holds the zero " + std::to_string(*other) +
                                   ", but with sym true every zero is " + std::to_string(common) +
                                   "; the checkpoint_format in " + m_context.quantization.where() +
                                   " may be wrong.");
        }
        auto packed = packByGroup<std::uint8_t>(m_matrix, m_context.storage, [&](auto o, auto g) {
            return zeros[static_cast<std::size_t>(g * m_shape.outputs + o)];
        });
        if (!packed) {
            return packed.error();
        }
        m_packed.integerZeros = *packed;
        return {};
    }

    LoadContext& m_context;
    const LinearShape& m_shape;
    MatrixShape m_matrix;
    GptqParameters m_parameters;
    const Tensor* m_qweight = nullptr;
    const Tensor* m_qzeros = nullptr;
    const Tensor* m_scales = nullptr;
    const Tensor* m_groupIndex = nullptr;  // null: the groups are runs of inputs
    std::vector<std::uint32_t> m_order;    // empty likewise
    kernels::QuantizedMatrix m_packed;
};

}  // namespace

Result<LoadedLinear> loadGptqLinear(LoadContext& context, const LinearShape& shape) {
    return GptqLoader(context, shape).load();
}

}  // namespace apertura
