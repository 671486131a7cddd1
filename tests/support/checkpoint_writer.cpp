#include "tests/support/checkpoint_writer.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "kernels/check.h"
#include "kernels/number_formats.h"

namespace apertura::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const fs::path& parent) {
    std::string name = (parent / "apertura-test-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    m_path = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
}

void writeText(const fs::path& file, const std::string& text) {
    std::ofstream stream(file, std::ios::binary);
    stream << text;
    CHECK(stream.good());
}

void SafetensorsWriter::addBytes(const std::string& name, const char* dtype,
                                 const std::vector<std::int64_t>& shape, const char* bytes,
                                 std::size_t count) {
    m_entries.push_back({name, dtype, shape, std::string(bytes, count)});
}

void SafetensorsWriter::addConstant(const std::string& name, const std::vector<std::int64_t>& shape,
                                    float value) {
    std::size_t count = 1;
    for (const std::int64_t dimension : shape) {
        count *= static_cast<std::size_t>(dimension);
    }
    add(name, "BF16", shape, std::vector<std::uint16_t>(count, kernels::floatToBf16(value)));
}

void SafetensorsWriter::remove(const std::string& prefix) {
    m_entries.erase(
        std::remove_if(m_entries.begin(), m_entries.end(),
                       [&prefix](const Entry& entry) { return entry.name.starts_with(prefix); }),
        m_entries.end());
}

void SafetensorsWriter::write(const fs::path& file) const {
    nlohmann::json header = nlohmann::json::object();
    std::string data;
    for (const Entry& entry : m_entries) {
        const std::size_t begin = data.size();
        data += entry.bytes;
        header[entry.name] = {
            {"dtype", entry.dtype}, {"shape", entry.shape}, {"data_offsets", {begin, data.size()}}};
    }
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    writeText(file,
              std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + text + data);
}

TinyCheckpoint::TinyCheckpoint(std::int64_t intermediate) {
    config = {{"model_type", "apertus"},
              {"hidden_act", "xielu"},
              {"hidden_size", kHidden},
              {"intermediate_size", intermediate},
              {"num_hidden_layers", 1},
              {"num_attention_heads", 2},
              {"num_key_value_heads", 1},
              {"head_dim", 16},
              {"vocab_size", 40},
              {"max_position_embeddings", 128},
              {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 10000.0}}},
              {"tie_word_embeddings", false}};
    const std::string layer = "model.layers.0.";
    weights.addConstant("model.embed_tokens.weight", {40, kHidden}, 0.5F);
    weights.addConstant(layer + "attention_layernorm.weight", {kHidden}, 1.0F);
    weights.addConstant(layer + "feedforward_layernorm.weight", {kHidden}, 1.0F);
    weights.addConstant(layer + "self_attn.q_norm.weight", {16}, 1.0F);
    weights.addConstant(layer + "self_attn.k_norm.weight", {16}, 1.0F);
    weights.addConstant(layer + "self_attn.q_proj.weight", {32, kHidden}, 0.25F);
    weights.addConstant(layer + "self_attn.k_proj.weight", {16, kHidden}, 0.25F);
    weights.addConstant(layer + "self_attn.v_proj.weight", {16, kHidden}, 0.25F);
    weights.addConstant(layer + "self_attn.o_proj.weight", {kHidden, 32}, 0.25F);
    weights.addConstant(layer + "mlp.up_proj.weight", {intermediate, kHidden}, 0.25F);
    weights.addConstant(layer + "mlp.down_proj.weight", {kHidden, intermediate}, 0.25F);
    weights.addConstant(layer + "mlp.act_fn.alpha_p", {1}, 0.0F);
    weights.addConstant(layer + "mlp.act_fn.alpha_n", {1}, 0.0F);
    weights.addConstant("model.norm.weight", {kHidden}, 1.0F);
    weights.addConstant("lm_head.weight", {40, kHidden}, 0.5F);
}

void TinyCheckpoint::write(const fs::path& folder) const {
    writeText(folder / "config.json", config.dump());
    weights.write(folder / "model.safetensors");
}

}  // namespace apertura::test
