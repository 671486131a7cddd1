// A small valid checkpoint, damaged as the input says, through the complete loaders: refused by a
// sentence, or loaded with every weight readable.
//
// The input: a byte that picks the checkpoint (modulo the kinds below) and the adapter choice, then
// edits until it ends. An edit is a byte for the part of the checkpoint, one for the operation, a
// position and a length (16 bits each, little-endian), and so many bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "kernels/check.h"
#include "kernels/number_formats.h"
#include "tests/support/checkpoint_writer.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const char* const kSingleFile = "model.safetensors";
const char* const kShard = "model-00001-of-00001.safetensors";
const char* const kUp = "model.layers.0.mlp.up_proj";
const char* const kDown = "model.layers.0.mlp.down_proj";
constexpr std::int64_t kHidden = TinyCheckpoint::kHidden;
constexpr std::int64_t kWide = TinyCheckpoint::kIntermediate;

// What edits work on: the texts of the folder, and its safetensors files cut into header and data.
enum Part {
    kConfig,
    kQuantize,
    kSidecar,
    kIndex,
    kAdapterConfig,
    kModelHeader,
    kModelData,
    kAdapterHeader,
    kAdapterData,
    kPartCount
};

// An empty part is a file that is not there.
struct Files {
    std::array<std::string, kPartCount> parts;
    const char* weights = kSingleFile;
};

// ---- the checkpoints

template <typename T>
std::vector<T> filled(std::int64_t count, T value) {
    return std::vector<T>(static_cast<std::size_t>(count), value);
}

const std::uint16_t kHalf = kernels::floatToHalf(0.5F);

// In act-order, in groups of 8 inputs.
void addGptq(const std::string& module, int bits, std::int64_t outputs, std::int64_t inputs,
             std::int32_t zeroWord, SafetensorsWriter& weights) {
    const std::int64_t groups = inputs / 8;
    const std::int64_t words = (outputs * bits + 31) / 32;
    weights.remove(module);
    weights.add(module + ".qweight", "I32", {inputs * bits / 32, outputs},
                filled<std::int32_t>(inputs * bits / 32 * outputs, 0x76543210));
    weights.add(module + ".qzeros", "I32", {groups, words},
                filled<std::int32_t>(groups * words, zeroWord));
    weights.add(module + ".scales", "F16", {groups, outputs}, filled(groups * outputs, kHalf));
    std::vector<std::int32_t> groupOf;
    for (std::int64_t i = 0; i < inputs; ++i) {
        groupOf.push_back(static_cast<std::int32_t>(i % groups));
    }
    weights.add(module + ".g_idx", "I32", {inputs}, groupOf);
}

// The scales and zeros: plain ones in one dimension of tiles, or 8-bit ones in two.
enum class Tiling { rows, squares };
void addSinq(const std::string& module, std::int64_t outputs, std::int64_t inputs, Tiling tiling,
             SafetensorsWriter& weights) {
    constexpr std::int64_t kSize = 16;
    const std::int64_t groups = outputs * inputs / kSize;
    const bool tiled = tiling == Tiling::squares;
    for (const std::string name : {".meta.scale", ".meta.zero"}) {
        if (!tiled) {
            weights.add(module + name, "F16", {groups, 1}, filled(groups, kHalf));
            continue;
        }
        weights.add(module + name + ".x", "U8", {groups / kSize, kSize},
                    filled<std::uint8_t>(groups, 3));
        weights.add(module + name + ".s", "F16", {1, kSize}, filled(kSize, kHalf));
        weights.add(module + name + ".m", "F16", {1, kSize}, filled(kSize, kHalf));
    }
    const std::vector<std::int64_t> shape =
        tiled ? std::vector<std::int64_t>{groups / kSize, 1, kSize}
              : std::vector<std::int64_t>{1, inputs};
    weights.add(module + ".meta.scale2", "F16", shape, filled(tiled ? groups : inputs, kHalf));
}

json sinqEntry(int bits, const char* method) {
    return {{"meta", {{"nbits", bits}, {"group_size", 16}, {"method", method}, {"axis", 1}}}};
}

// The codes alone, as bytes, where `module` stood.
void addSinqBytes(const std::string& module, std::int64_t bytes, SafetensorsWriter& weights) {
    weights.remove(module);
    weights.add(module + ".W_q", "U8", {bytes / 16, 16}, filled<std::uint8_t>(bytes, 0x52));
}

void split(const fs::path& file, std::string& header, std::string& data) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    std::uint64_t length = 0;
    CHECK(bytes.size() >= sizeof(length));
    std::memcpy(&length, bytes.data(), sizeof(length));
    header = bytes.substr(sizeof(length), length);
    data = bytes.substr(sizeof(length) + length);
}

Files filesOf(const TinyCheckpoint& checkpoint) {
    const TemporaryFolder folder;
    checkpoint.weights.write(folder.path() / kSingleFile);
    Files files;
    files.parts[kConfig] = checkpoint.config.dump();
    split(folder.path() / kSingleFile, files.parts[kModelHeader], files.parts[kModelData]);
    return files;
}

Files denseInShards() {
    Files files = filesOf(TinyCheckpoint());
    const json header = json::parse(files.parts[kModelHeader]);
    json map = json::object();
    for (const auto& [name, entry] : header.items()) {
        map[name] = kShard;
    }
    files.parts[kIndex] = json{{"metadata", {{"total_size", 1}}}, {"weight_map", map}}.dump();
    files.weights = kShard;
    return files;
}

TinyCheckpoint gptqCheckpoint() {
    TinyCheckpoint checkpoint;
    addGptq(kUp, 8, kWide, kHidden, 0x7f7f7f7f, checkpoint.weights);
    addGptq(kDown, 4, kHidden, kWide, 0x77777777, checkpoint.weights);
    return checkpoint;
}

const char* const kGptqConfig =
    R"({"quant_method": "gptq", "bits": 4, "group_size": 8, "sym": true, "desc_act": true,
        "checkpoint_format": "gptq", "lm_head": false, "pack_dtype": "int32",
        "dynamic": {"+:.*\\.up_proj": {"bits": 8}, "-:.*self_attn.*": {}}})";

Files gptq() {
    Files files = filesOf(gptqCheckpoint());
    files.parts[kQuantize] = kGptqConfig;
    return files;
}

// Two and three bits, of format v2, described in config.json.
Files gptqOfFewBits() {
    TinyCheckpoint checkpoint;
    addGptq(kUp, 3, kWide, kHidden, 0x12345678, checkpoint.weights);
    addGptq(kDown, 2, kHidden, kWide, 0x12345678, checkpoint.weights);
    checkpoint.config["quantization_config"] = {
        {"quant_method", "gptq"},         {"bits", 3},    {"group_size", 8},
        {"checkpoint_format", "gptq_v2"}, {"sym", false}, {"dynamic", {{".*down", {{"bits", 2}}}}}};
    return filesOf(checkpoint);
}

Files sinq() {
    TinyCheckpoint checkpoint;
    addSinqBytes(kUp, kWide * kHidden / 2, checkpoint.weights);
    addSinqBytes(kDown, kWide * kHidden / 2, checkpoint.weights);
    addSinq(kUp, kWide, kHidden, Tiling::rows, checkpoint.weights);
    addSinq(kDown, kHidden, kWide, Tiling::squares, checkpoint.weights);
    Files files = filesOf(checkpoint);
    files.parts[kSidecar] = json{{kUp, sinqEntry(4, "sinq")}, {kDown, sinqEntry(4, "sinq")}}.dump();
    return files;
}

Files sinqOfNormalFloats() {
    TinyCheckpoint checkpoint;
    addSinqBytes(kDown, kWide * kHidden / 2, checkpoint.weights);
    const std::int64_t words = (kWide * kHidden / 16 + 9) / 10;
    checkpoint.weights.remove(kUp);
    checkpoint.weights.add(std::string(kUp) + ".W_q", "I32", {words, 16},
                           filled<std::int32_t>(words * 16, 0x12345678));
    addSinq(kUp, kWide, kHidden, Tiling::squares, checkpoint.weights);
    addSinq(kDown, kHidden, kWide, Tiling::rows, checkpoint.weights);
    Files files = filesOf(checkpoint);
    files.parts[kSidecar] =
        json{{kUp, sinqEntry(3, "sinq_nf3")}, {kDown, sinqEntry(4, "sinq_nf4")}}.dump();
    return files;
}

Files mergedAdapter() {
    TinyCheckpoint checkpoint = gptqCheckpoint();
    checkpoint.weights.addConstant(std::string(kUp) + ".lora_A", {kHidden, 2}, 0.5F);
    checkpoint.weights.addConstant(std::string(kUp) + ".lora_B", {2, kWide}, 0.5F);
    Files files = filesOf(checkpoint);
    files.parts[kQuantize] = kGptqConfig;
    return files;
}

Files adapterFolder() {
    Files files = gptq();
    SafetensorsWriter adapter;
    const std::string prefix = "base_model.model.";
    adapter.addConstant(prefix + kUp + ".lora_A.weight", {2, kHidden}, 0.5F);
    adapter.addConstant(prefix + kUp + ".lora_B.weight", {kWide, 2}, 0.5F);
    const TemporaryFolder folder;
    adapter.write(folder.path() / kSingleFile);
    split(folder.path() / kSingleFile, files.parts[kAdapterHeader], files.parts[kAdapterData]);
    files.parts[kAdapterConfig] =
        R"({"peft_type": "LORA", "r": 2, "lora_alpha": 2, "use_dora": false, "bias": "none"})";
    return files;
}

const std::vector<Files>& checkpoints() {
    static const std::vector<Files> all = {
        filesOf(TinyCheckpoint()), denseInShards(), gptq(),         gptqOfFewBits(), sinq(),
        sinqOfNormalFloats(),      mergedAdapter(), adapterFolder()};
    return all;
}

// ---- edits

// The value that is no object or array, number `index` in order; `index` falls as they are passed.
json* leafAt(json& value, std::size_t& index) {
    if (!value.is_structured()) {
        return index-- == 0 ? &value : nullptr;
    }
    for (json& child : value) {
        if (json* leaf = leafAt(child, index)) {
            return leaf;
        }
    }
    return nullptr;
}

// Makes one number, text or truth value of a JSON text `bytes`, or, where `bytes` are
// "name=value", a member of the outermost object.
void editJson(std::string& text, std::size_t position, const std::string& bytes) {
    json root = json::parse(text, nullptr, false);
    const std::size_t equals = bytes.find('=');
    const std::string source = equals == std::string::npos ? bytes : bytes.substr(equals + 1);
    json value = json::parse(source, nullptr, false);
    if (root.is_discarded() || value.is_discarded()) {
        return;
    }
    if (equals != std::string::npos && root.is_object()) {
        root[bytes.substr(0, equals)] = std::move(value);
    } else if (json* leaf = leafAt(root, position)) {
        *leaf = std::move(value);
    }
    text = root.dump(-1, ' ', false, json::error_handler_t::replace);
}

void edit(std::string& part, int operation, std::size_t position, const std::string& bytes) {
    const std::size_t at = part.empty() ? 0 : position % part.size();
    switch (operation % 6) {
        case 0:
            editJson(part, position, bytes);
            return;
        case 1:
            part.replace(at, std::min(bytes.size(), part.size() - at), bytes);
            return;
        case 2:
            part.insert(at, bytes);
            return;
        case 3:
            part.erase(at, bytes.size());
            return;
        case 4:
            part.resize(at);
            return;
        default:
            part = bytes;
            return;
    }
}

void applyEdits(const std::uint8_t* data, std::size_t size, Files& files) {
    constexpr std::size_t kHead = 6;
    std::size_t at = 0;
    while (size - at >= kHead) {
        const std::uint8_t* const head = data + at;
        const auto position = static_cast<std::size_t>(head[2] | head[3] << 8);
        const auto length = static_cast<std::size_t>(head[4] | head[5] << 8);
        at += kHead;
        const std::size_t count = std::min(length, size - at);
        const std::string bytes(reinterpret_cast<const char*>(data + at), count);
        at += count;
        edit(files.parts[head[0] % kPartCount], head[1], position, bytes);
    }
}

// ---- loading

void writeWeights(const fs::path& file, const std::string& header, const std::string& data) {
    if (!header.empty() || !data.empty()) {
        const std::uint64_t length = header.size();
        writeText(file, std::string(reinterpret_cast<const char*>(&length), sizeof(length)) +
                            header + data);
    }
}

void writeFiles(const fs::path& folder, const Files& files) {
    fs::remove_all(folder);
    fs::create_directories(folder / "adapter");
    for (const auto& [part, name] :
         {std::pair(kConfig, "config.json"), std::pair(kQuantize, "quantize_config.json"),
          std::pair(kSidecar, "model.safetensors.index.json.meta.json"),
          std::pair(kIndex, "model.safetensors.index.json"),
          std::pair(kAdapterConfig, "adapter/adapter_config.json")}) {
        if (!files.parts[part].empty()) {
            writeText(folder / name, files.parts[part]);
        }
    }
    writeWeights(folder / files.weights, files.parts[kModelHeader], files.parts[kModelData]);
    writeWeights(folder / "adapter/adapter_model.safetensors", files.parts[kAdapterHeader],
                 files.parts[kAdapterData]);
}

// Reads all numbers, so that one outside its memory shows.
void readMatrix(const kernels::DenseMatrix& matrix) {
    volatile float last = 0.0F;
    for (std::int64_t i = 0; i < matrix.rows * matrix.columns; ++i) {
        last = matrix.at(0, i);
    }
    (void)last;
}

void readMatrix(const kernels::QuantizedMatrix& matrix) {
    volatile float last = 0.0F;
    for (std::int64_t o = 0; o < matrix.outputs; ++o) {
        for (std::int64_t p = 0; p < matrix.inputs; ++p) {
            CHECK(matrix.inputAt(p) >= 0 && matrix.inputAt(p) < matrix.inputs);
            last = matrix.unscaledWeight(o, p);
        }
    }
    CHECK(matrix.inputScale.empty() ||
          static_cast<std::int64_t>(matrix.inputScale.size()) == matrix.inputs);
    (void)last;
}

void readLinear(const kernels::Linear& linear) {
    std::int64_t next = 0;
    for (const auto& block : linear.blocks) {
        CHECK(block.firstOutput == next);
        std::visit([](const auto& matrix) { readMatrix(matrix); }, block.matrix);
        const auto* dense = std::get_if<kernels::DenseMatrix>(&block.matrix);
        next += dense != nullptr ? dense->rows
                                 : std::get<kernels::QuantizedMatrix>(block.matrix).outputs;
    }
    CHECK(next == linear.outputs);
    if (linear.adapter) {
        CHECK(linear.adapter->a.columns == linear.inputs);
        CHECK(linear.adapter->b.rows == linear.outputs);
        CHECK(linear.adapter->b.columns == linear.adapter->rank());
        readMatrix(linear.adapter->a);
        readMatrix(linear.adapter->b);
    }
}

void readModel(const ModelWeights& weights) {
    readMatrix(weights.embedding);
    readLinear(weights.head);
    CHECK(static_cast<std::int64_t>(weights.layers.size()) == weights.config.numHiddenLayers);
    for (const LayerWeights& layer : weights.layers) {
        for (const auto* linear :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
            readLinear(*linear);
        }
    }
    CHECK(weights.contentHash.size() == 32);
}

// In memory where the machine has a file system there.
fs::path parentFolder() {
    return ::access("/dev/shm", W_OK | X_OK) == 0 ? fs::path("/dev/shm")
                                                  : fs::temp_directory_path();
}

}  // namespace

}  // namespace apertura::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace apertura;
    using Kind = AdapterChoice::Kind;
    if (size == 0) {
        return 0;
    }
    static const test::TemporaryFolder temporary(test::parentFolder());
    const std::filesystem::path folder = temporary.path() / "checkpoint";
    const auto& checkpoints = test::checkpoints();
    test::Files files = checkpoints[data[0] % checkpoints.size()];
    test::applyEdits(data + 1, size - 1, files);
    test::writeFiles(folder, files);
    static constexpr std::array kChoices = {Kind::automatic, Kind::none, Kind::folder};
    const Kind choice = kChoices[data[0] / checkpoints.size() % kChoices.size()];
    const auto loaded = loadCheckpoint({folder, {choice, folder / "adapter"}}, {}, {});
    if (loaded) {
        test::readModel(**loaded);
        return 0;
    }
    CHECK(loaded.error().message.ends_with('.'));
    CHECK(loaded.error().message.find('\n') == std::string::npos);
    // Undamaged, every checkpoint loads.
    CHECK(size > 1 || choice != Kind::automatic);
    return 0;
}
