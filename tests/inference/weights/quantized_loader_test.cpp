// GPTQ and SINQ modules of awkward sizes, written bit by bit from the formats' descriptions and
// read back.
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "kernels/number_formats.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"

namespace apertura::test {

namespace {

using kernels::floatToHalf;
using kernels::halfToFloat;

// The up projection [O, I] under test, of which O may be anything.
constexpr std::int64_t kInputs = TinyCheckpoint::kHidden;
const char* const kModule = "model.layers.0.mlp.up_proj";

struct Reference {
    std::int64_t outputs = 0;
    std::vector<double> weights;  // [O, I]
};

// Fields of `bits` bits, one after the other, least significant first.
std::vector<std::int32_t> bitStream(const std::vector<std::uint32_t>& fields, int bits) {
    std::vector<std::int32_t> words((fields.size() * static_cast<std::size_t>(bits) + 31) / 32);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        for (int bit = 0; bit < bits; ++bit) {
            const std::size_t position =
                i * static_cast<std::size_t>(bits) + static_cast<std::size_t>(bit);
            if ((fields[i] >> bit & 1U) != 0) {
                words[position / 32] = static_cast<std::int32_t>(
                    static_cast<std::uint32_t>(words[position / 32]) | 1U << position % 32);
            }
        }
    }
    return words;
}

void expectWeights(const std::filesystem::path& folder, const Reference& reference,
                   const std::string& what, Findings& findings) {
    const auto loaded = loadCheckpoint({folder, {}}, {}, {});
    if (!loaded) {
        findings.fail(what + ": " + loaded.error().message);
        return;
    }
    const kernels::Linear& linear = (*loaded)->layers.at(0).up;
    findings.equal(linear.outputs, reference.outputs, what + " outputs");
    std::size_t wrong = 0;
    for (const auto& block : linear.blocks) {
        const auto* matrix = std::get_if<kernels::QuantizedMatrix>(&block.matrix);
        if (matrix == nullptr) {
            findings.fail(what + " is not quantized");
            return;
        }
        for (std::int64_t o = 0; o < matrix->outputs; ++o) {
            for (std::int64_t p = 0; p < kInputs; ++p) {
                const std::int64_t i = matrix->inputAt(p);
                double weight = matrix->unscaledWeight(o, p);
                if (!matrix->inputScale.empty()) {
                    weight *= halfToFloat(matrix->inputScale[static_cast<std::size_t>(i)]);
                }
                const double expected =
                    reference
                        .weights[static_cast<std::size_t>((block.firstOutput + o) * kInputs + i)];
                wrong += std::fabs(weight - expected) > 0x1p-22 * std::fabs(expected) ? 1 : 0;
            }
        }
    }
    findings.equal(wrong, std::size_t{0}, what + ": weights that differ");
}

struct GptqCase {
    int bits = 4;
    std::int64_t outputs = 33;
    std::int64_t groupSize = 8;
    bool symmetric = false;
    bool zerosAreLessOne = true;
    bool actOrder = false;

    std::string name() const {
        return std::to_string(bits) + " bits, " + std::to_string(outputs) + " outputs, groups of " +
               std::to_string(groupSize) + (symmetric ? ", sym" : "") +
               (zerosAreLessOne ? ", v1" : ", v2") + (actOrder ? ", act-order" : "");
    }
};

// Zeros as GPTQModel stores them in format v1: each word less a word of ones, with borrows (3 bits:
// field by field); v2: as they are.
std::vector<std::int32_t> storedZeros(std::vector<std::uint32_t> zeros, const GptqCase& how) {
    if (how.zerosAreLessOne && how.bits == 3) {
        std::transform(zeros.begin(), zeros.end(), zeros.begin(),
                       [](auto z) { return (z + 7U) % 8U; });
    }
    std::vector<std::int32_t> words = bitStream(zeros, how.bits);
    if (how.zerosAreLessOne && how.bits != 3) {
        const std::uint32_t ones = how.bits == 2   ? 0x55555555U
                                   : how.bits == 4 ? 0x11111111U
                                                   : 0x01010101U;
        for (auto& word : words) {
            word = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) - ones);
        }
    }
    return words;
}

Reference addGptqModule(const GptqCase& how, std::mt19937& random, SafetensorsWriter& weights) {
    const auto O = static_cast<std::size_t>(how.outputs);
    const auto I = static_cast<std::size_t>(kInputs);
    const auto size = static_cast<std::size_t>(how.groupSize);
    const std::size_t groups = I / size;
    const std::uint32_t levels = 1U << how.bits;
    std::vector<std::int32_t> groupOf(I);
    for (std::size_t i = 0; i < I; ++i) {
        groupOf[i] = static_cast<std::int32_t>(i / size);
    }
    if (how.actOrder) {
        std::shuffle(groupOf.begin(), groupOf.end(), random);
    }
    std::vector<std::uint16_t> scales(groups * O);
    std::vector<std::uint32_t> zeros(groups * O);
    std::vector<std::int32_t> zeroWords;
    for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t o = 0; o < O; ++o) {
            scales[g * O + o] = floatToHalf(0.001F * static_cast<float>(1 + random() % 1000));
            zeros[g * O + o] = how.symmetric ? levels / 2 : random() % levels;
        }
        const auto words = storedZeros({zeros.begin() + static_cast<std::ptrdiff_t>(g * O),
                                        zeros.begin() + static_cast<std::ptrdiff_t>((g + 1) * O)},
                                       how);
        zeroWords.insert(zeroWords.end(), words.begin(), words.end());
    }
    Reference reference{how.outputs, std::vector<double>(O * I)};
    const std::size_t rows = (I * static_cast<std::size_t>(how.bits) + 31) / 32;
    std::vector<std::int32_t> codeWords(rows * O);
    for (std::size_t o = 0; o < O; ++o) {
        std::vector<std::uint32_t> codes(I);
        for (std::size_t i = 0; i < I; ++i) {
            codes[i] = random() % levels;
            const std::size_t at = static_cast<std::size_t>(groupOf[i]) * O + o;
            reference.weights[o * I + i] = (static_cast<double>(codes[i]) - zeros[at]) *
                                           static_cast<double>(halfToFloat(scales[at]));
        }
        const auto words = bitStream(codes, how.bits);
        for (std::size_t w = 0; w < rows; ++w) {
            codeWords[w * O + o] = words[w];
        }
    }
    const std::string name = kModule;
    const auto g = static_cast<std::int64_t>(groups);
    weights.add(name + ".qweight", "I32", {static_cast<std::int64_t>(rows), how.outputs},
                codeWords);
    weights.add(name + ".qzeros", "I32", {g, static_cast<std::int64_t>(zeroWords.size()) / g},
                zeroWords);
    weights.add(name + ".scales", "F16", {g, how.outputs}, scales);
    weights.add(name + ".g_idx", "I32", {kInputs}, groupOf);
    return reference;
}

// A checkpoint whose MLP is `outputs` wide, the up projection taken out. Widths a GPTQ or SINQ down
// projection could not have do not matter: it stays dense.
TinyCheckpoint withoutUpProjection(std::int64_t outputs) {
    TinyCheckpoint checkpoint(outputs);
    checkpoint.weights.remove(kModule);
    return checkpoint;
}

void checkGptq(const GptqCase& how, Findings& findings) {
    std::mt19937 random(static_cast<unsigned>(how.bits * 1000 + how.outputs));
    TinyCheckpoint checkpoint = withoutUpProjection(how.outputs);
    const Reference reference = addGptqModule(how, random, checkpoint.weights);
    const TemporaryFolder folder;
    checkpoint.write(folder.path());
    const nlohmann::json config = {{"quant_method", "gptq"},
                                   {"bits", how.bits},
                                   {"group_size", how.groupSize},
                                   {"sym", how.symmetric},
                                   {"desc_act", how.actOrder},
                                   {"checkpoint_format", how.zerosAreLessOne ? "gptq" : "gptq_v2"}};
    writeText(folder.path() / "quantize_config.json", config.dump());
    expectWeights(folder.path(), reference, how.name(), findings);
}

void gptqIsReadAtEveryWidthAndAwkwardSize(Findings& findings) {
    for (const int bits : {2, 3, 4, 8}) {
        for (const std::int64_t outputs : {1, 15, 31, 33, 65}) {
            checkGptq({bits, outputs, 8, false, true, false}, findings);
        }
        checkGptq({bits, 33, 16, false, false, false}, findings);
        checkGptq({bits, 33, 16, false, true, true}, findings);
        checkGptq({bits, 33, 32, true, true, false}, findings);
        checkGptq({bits, 33, 32, true, false, false}, findings);
    }
}

struct SinqCase {
    int bits = 4;
    std::int64_t outputs = 31;
    std::int64_t groupSize = 16;
    float firstZero = 0.0F;
    bool tiled = false;
};

int blocksOf(int bits) {
    return bits == 3 || bits == 5 || bits == 6 ? 30 / bits : 8 / bits;
}

// W_q: block b of the rows of codes stands in the b-th field of each word, from the highest on.
template <typename Word>
std::vector<Word> packedSinqCodes(const std::vector<std::uint32_t>& codes, int bits,
                                  std::size_t columns) {
    const auto blocks = static_cast<std::size_t>(blocksOf(bits));
    const std::size_t rows = codes.size() / columns;
    const std::size_t wordRows = (rows + blocks - 1) / blocks;
    std::vector<Word> words(wordRows * columns);
    for (std::size_t e = 0; e < codes.size(); ++e) {
        const std::size_t block = e / words.size();
        const auto shift = static_cast<std::size_t>(bits) * (blocks - 1 - block);
        words[e % words.size()] = static_cast<Word>(
            static_cast<std::uint32_t>(words[e % words.size()]) | codes[e] << shift);
    }
    return words;
}

Reference addSinqModule(const SinqCase& how, std::mt19937& random, SafetensorsWriter& weights) {
    const auto O = static_cast<std::size_t>(how.outputs);
    const auto I = static_cast<std::size_t>(kInputs);
    const auto B = static_cast<std::size_t>(how.groupSize);
    const std::size_t groups = O * I / B;
    std::vector<std::uint32_t> codes(O * I);
    std::generate(codes.begin(), codes.end(), [&] { return random() % (1U << how.bits); });
    std::vector<std::uint16_t> scales(groups);
    std::vector<std::uint16_t> zeros(groups);
    std::vector<std::uint16_t> scale2(how.tiled ? O / B * I : I);
    for (std::size_t t = 0; t < groups; ++t) {
        scales[t] = floatToHalf(0.01F * static_cast<float>(1 + random() % 100));
        zeros[t] = floatToHalf(how.firstZero + static_cast<float>(random() % 5));
    }
    std::generate(scale2.begin(), scale2.end(),
                  [&] { return floatToHalf(0.5F + 0.01F * static_cast<float>(random() % 100)); });
    Reference reference{how.outputs, std::vector<double>(O * I)};
    for (std::size_t o = 0; o < O; ++o) {
        for (std::size_t i = 0; i < I; ++i) {
            const std::size_t t =
                how.tiled ? (o / B * (I / B) + i / B) * B + o % B : (o * I + i) / B;
            const std::size_t u = how.tiled ? (o / B * (I / B) + i / B) * B + i % B : i;
            reference.weights[o * I + i] =
                (codes[o * I + i] - static_cast<double>(halfToFloat(zeros[t]))) *
                halfToFloat(scales[t]) * halfToFloat(scale2[u]);
        }
    }
    const std::string name = kModule;
    const auto columns = how.groupSize;
    if (blocksOf(how.bits) > 1 && (how.bits == 3 || how.bits == 5 || how.bits == 6)) {
        const auto words = packedSinqCodes<std::int32_t>(codes, how.bits, B);
        weights.add(name + ".W_q", "I32",
                    {static_cast<std::int64_t>(words.size()) / columns, columns}, words);
    } else {
        const auto words = packedSinqCodes<std::uint8_t>(codes, how.bits, B);
        weights.add(name + ".W_q", "U8",
                    {static_cast<std::int64_t>(words.size()) / columns, columns}, words);
    }
    const auto count = static_cast<std::int64_t>(groups);
    const std::vector<std::int64_t> shape =
        how.tiled ? std::vector<std::int64_t>{count / columns, columns, 1}
                  : std::vector<std::int64_t>{count, 1};
    weights.add(name + ".meta.scale", "F16", shape, scales);
    weights.add(name + ".meta.zero", "F16", shape, zeros);
    weights.add(name + ".meta.scale2", "F16",
                how.tiled ? std::vector<std::int64_t>{count / columns, 1, columns}
                          : std::vector<std::int64_t>{1, kInputs},
                scale2);
    return reference;
}

// Also looks at how the zeros are kept: as bytes where they all are whole and 0..255.
void checkSinq(const SinqCase& how, Findings& findings) {
    std::mt19937 random(static_cast<unsigned>(how.bits * 1000 + how.outputs));
    TinyCheckpoint checkpoint = withoutUpProjection(how.outputs);
    const Reference reference = addSinqModule(how, random, checkpoint.weights);
    const TemporaryFolder folder;
    checkpoint.write(folder.path());
    const nlohmann::json meta = {
        {"nbits", how.bits}, {"group_size", how.groupSize}, {"method", "sinq"}};
    writeText(folder.path() / "model.safetensors.index.json.meta.json",
              nlohmann::json{{kModule, {{"meta", meta}}}}.dump());
    expectWeights(folder.path(), reference,
                  std::to_string(how.bits) + " bits, " + std::to_string(how.outputs) + " outputs" +
                      (how.tiled ? ", 2D" : ""),
                  findings);
    const auto loaded = loadCheckpoint({folder.path(), {}}, {}, {});
    if (!loaded) {
        return;
    }
    const auto& matrix =
        std::get<kernels::QuantizedMatrix>((*loaded)->layers[0].up.blocks[0].matrix);
    const bool areBytes = how.firstZero >= 0.0F && how.firstZero == std::floor(how.firstZero);
    findings.equal(matrix.integerZeros.empty(), !areBytes, "integer zeros are left out");
    findings.equal(matrix.realZeros.empty(), areBytes, "real zeros are left out");
}

void sinqIsReadAtEveryWidthAndAwkwardSize(Findings& findings) {
    for (const int bits : {1, 2, 3, 4, 5, 6, 8}) {
        // Rows of codes in a number that fills all words, as the byte packings need: 2 rows of 16
        // per output.
        for (const std::int64_t outputs : {4, 20, 36, 68}) {
            checkSinq({bits, outputs, 16, 0.0F, false}, findings);
        }
        checkSinq({bits, 32, 16, 0.0F, true}, findings);
    }
    for (const int bits : {3, 5, 6}) {
        checkSinq({bits, 31, 16, 0.0F, false}, findings);  // padded rows
    }
    checkSinq({8, 33, 8, 0.0F, false}, findings);
}

// SINQ's zeros may lie below 0 or be no whole numbers; neither may lose its value.
void sinqZerosKeepTheirValue(Findings& findings) {
    checkSinq({4, 36, 16, -3.0F, false}, findings);
    checkSinq({4, 36, 16, 0.3F, false}, findings);
    checkSinq({4, 36, 16, 251.0F, false}, findings);
}

void normalFloatsAreCalledByTheirName(Findings& findings) {
    std::mt19937 random(3);
    TinyCheckpoint checkpoint = withoutUpProjection(32);
    addSinqModule({4, 32, 16, 0.0F, false}, random, checkpoint.weights);
    const TemporaryFolder folder;
    checkpoint.write(folder.path());
    const nlohmann::json meta = {{"nbits", 4}, {"group_size", 16}, {"method", "sinq_nf4"}};
    writeText(folder.path() / "model.safetensors.index.json.meta.json",
              nlohmann::json{{kModule, {{"meta", meta}}}}.dump());
    const auto loaded = loadCheckpoint({folder.path(), {}}, {}, {});
    if (!findings.verify(loaded.ok(), loaded.ok() ? "" : loaded.error().message)) {
        return;
    }
    findings.equal((*loaded)->precision, std::string("SINQ-NF4 4-bit g16"), "precision");
}

}  // namespace

std::vector<Case> cases() {
    return {{"gptqIsReadAtEveryWidthAndAwkwardSize", gptqIsReadAtEveryWidthAndAwkwardSize},
            {"sinqIsReadAtEveryWidthAndAwkwardSize", sinqIsReadAtEveryWidthAndAwkwardSize},
            {"sinqZerosKeepTheirValue", sinqZerosKeepTheirValue},
            {"normalFloatsAreCalledByTheirName", normalFloatsAreCalledByTheirName}};
}

}  // namespace apertura::test
