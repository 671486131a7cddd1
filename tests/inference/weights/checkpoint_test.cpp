// Loading as a whole: progress, stopping, links, adapters, hashes, warnings.
#include "inference/weights/checkpoint.h"

#include <filesystem>
#include <string>
#include <vector>

#include "kernels/number_formats.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

using Loaded = Result<std::shared_ptr<const ModelWeights>>;

Loaded load(const fs::path& folder, const AdapterChoice& adapter = {}) {
    return loadCheckpoint({folder, adapter}, {}, {});
}

// Fails unless loading fails with a sentence that has all these words.
void expectRefused(const Loaded& loaded, ErrorCode code, const std::vector<std::string>& words,
                   Findings& findings) {
    if (loaded.ok()) {
        findings.fail("loaded, instead of being refused for " + words.front());
        return;
    }
    findings.equal(std::string(errorCodeName(loaded.error().code)),
                   std::string(errorCodeName(code)), "code");
    for (const std::string& word : words) {
        findings.verify(loaded.error().message.find(word) != std::string::npos,
                        "\"" + loaded.error().message + "\" does not name " + word);
    }
}

bool expectLoads(const Loaded& loaded, Findings& findings) {
    return findings.verify(loaded.ok(), loaded.ok() ? "" : loaded.error().message);
}

void progressRisesToTheTotal(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint().write(folder.path());
    std::int64_t last = 0;
    std::int64_t end = 0;
    const auto loaded =
        loadCheckpoint({folder.path(), {}},
                       [&](const PhaseEvent& event) {
                           findings.verify(event.done >= last && event.done <= event.total,
                                           "progress falls or passes the total");
                           last = event.done;
                           end = event.total;
                       },
                       {});
    expectLoads(loaded, findings);
    findings.verify(end > 0 && last == end, "progress ends before the total");
}

void aStopEndsLoading(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint().write(folder.path());
    std::stop_source stop;
    const auto loaded = loadCheckpoint(
        {folder.path(), {}}, [&stop](const PhaseEvent&) { stop.request_stop(); }, stop.get_token());
    expectRefused(loaded, ErrorCode::cancelled, {"stopped"}, findings);
}

// A hub cache keeps its files as links to blobs outside the snapshot's folder.
void linksOfAHubCacheAreFollowed(Findings& findings) {
    const TemporaryFolder cache;
    const fs::path blobs = cache.path() / "blobs";
    const fs::path snapshot = cache.path() / "snapshots/0123";
    fs::create_directories(blobs);
    fs::create_directories(snapshot);
    TinyCheckpoint().write(blobs);
    fs::create_symlink("../../blobs/config.json", snapshot / "config.json");
    fs::create_symlink("../../blobs/model.safetensors", snapshot / "model.safetensors");
    expectLoads(load(snapshot), findings);
}

void aLoopOfLinksIsRefused(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint().write(folder.path());
    fs::remove(folder.path() / "model.safetensors");
    fs::create_symlink("other", folder.path() / "model.safetensors");
    fs::create_symlink("model.safetensors", folder.path() / "other");
    expectRefused(load(folder.path()), ErrorCode::fileMissing, {"model.safetensors"}, findings);
}

void weightsOfAnotherFormatAreNamed(Findings& findings) {
    for (const char* name : {"model-Q4_K_M.gguf", "pytorch_model.bin", "consolidated.pt"}) {
        const TemporaryFolder folder;
        writeText(folder.path() / name, "x");
        expectRefused(load(folder.path()), ErrorCode::unsupported, {name, "safetensors"}, findings);
    }
    const TemporaryFolder empty;
    expectRefused(load(empty.path()), ErrorCode::fileMissing, {"config.json"}, findings);
    expectRefused(load(empty.path() / "nowhere"), ErrorCode::fileMissing, {"nowhere"}, findings);
}

// A file may leave a tensor at an odd address; its numbers are copied to a fit one. One of the two
// fillings makes the address odd.
void matricesAtUnfitAddressesAreCopied(Findings& findings) {
    for (const std::int64_t filling : {1, 2}) {
        const TemporaryFolder folder;
        TinyCheckpoint checkpoint;
        checkpoint.weights.remove("lm_head");
        checkpoint.write(folder.path());
        fs::rename(folder.path() / "model.safetensors", folder.path() / "one.safetensors");
        SafetensorsWriter shifted;
        shifted.add("filling", "U8", {filling},
                    std::vector<std::uint8_t>(static_cast<std::size_t>(filling)));
        shifted.addConstant("lm_head.weight", {40, TinyCheckpoint::kHidden}, 0.75F);
        shifted.write(folder.path() / "two.safetensors");
        const nlohmann::json map = {{"lm_head.weight", "two.safetensors"},
                                    {"model.norm.weight", "one.safetensors"}};
        writeText(folder.path() / "model.safetensors.index.json",
                  nlohmann::json{{"weight_map", map}}.dump());
        const auto loaded = load(folder.path());
        if (!expectLoads(loaded, findings)) {
            return;
        }
        const auto& head = std::get<kernels::DenseMatrix>((*loaded)->head.blocks.at(0).matrix);
        findings.equal(reinterpret_cast<std::uintptr_t>(head.data) % 2, std::uintptr_t{0},
                       "odd address");
        findings.equal(head.at(39, 31), 0.75F, "last weight");
    }
}

void xieluGetsItsSoftplus(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint().write(folder.path());
    const auto loaded = load(folder.path());
    if (expectLoads(loaded, findings)) {
        const kernels::Xielu& xielu = (*loaded)->layers[0].xielu;
        findings.equal(xielu.alphaP, 0.6931472F, "alphaP of a raw 0");
        findings.equal(xielu.alphaN, 1.1931472F, "alphaN of a raw 0");
        findings.equal(xielu.beta, 0.5F, "beta, missing from the file");
        findings.equal(xielu.eps, -1e-6F, "eps, missing from the file");
    }
}

void theHashTellsContentsApart(Findings& findings) {
    const auto hashOf = [&findings](const TinyCheckpoint& checkpoint) {
        const TemporaryFolder folder;
        checkpoint.write(folder.path());
        const auto loaded = load(folder.path());
        return expectLoads(loaded, findings) ? (*loaded)->contentHash : std::string();
    };
    TinyCheckpoint changed;
    changed.weights.remove("model.norm.weight");
    changed.weights.addConstant("model.norm.weight", {TinyCheckpoint::kHidden}, 1.5F);
    TinyCheckpoint configured;
    configured.config["eos_token_id"] = 7;
    const std::string hash = hashOf(TinyCheckpoint());
    findings.equal(hash.size(), std::size_t{32}, "digits");
    findings.equal(hashOf(TinyCheckpoint()), hash, "hash of the same content in another folder");
    findings.verify(hashOf(changed) != hash, "a changed norm does not show");
    findings.verify(hashOf(configured) != hash, "a changed config does not show");
}

void biasesAreRefusedUnlessZero(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint checkpoint;
    checkpoint.weights.addConstant("model.layers.0.mlp.up_proj.bias",
                                   {TinyCheckpoint::kIntermediate}, 0.0F);
    checkpoint.write(folder.path());
    expectLoads(load(folder.path()), findings);
    checkpoint.weights.remove("model.layers.0.mlp.up_proj.bias");
    checkpoint.weights.addConstant("model.layers.0.mlp.up_proj.bias",
                                   {TinyCheckpoint::kIntermediate}, 1.0F);
    checkpoint.write(folder.path());
    expectRefused(load(folder.path()), ErrorCode::unsupported,
                  {"model.safetensors", "up_proj.bias"}, findings);
}

// ---- adapters

// lora_A all 0.5, lora_B all `value`, of rank 2, for the query projection, as PEFT lays them out.
void writeAdapterFolder(const fs::path& folder, float value) {
    fs::create_directories(folder);
    SafetensorsWriter adapter;
    const std::string module = "base_model.model.model.layers.0.self_attn.q_proj";
    adapter.addConstant(module + ".lora_A.weight", {2, 32}, 0.5F);
    adapter.addConstant(module + ".lora_B.weight", {32, 2}, value);
    adapter.write(folder / "adapter_model.safetensors");
    writeText(folder / "adapter_config.json", R"({"peft_type": "LORA", "r": 2, "lora_alpha": 2})");
}

// The value of lora_B where the query projection has an adapter of rank 2, else 0.
float adapterValue(const Loaded& loaded, Findings& findings) {
    if (!expectLoads(loaded, findings) || !(*loaded)->layers[0].query.adapter) {
        return 0.0F;
    }
    const kernels::LowRankAdapter& adapter = *(*loaded)->layers[0].query.adapter;
    findings.equal(adapter.rank(), std::int64_t{2}, "rank");
    findings.equal(adapter.a.columns, std::int64_t{32}, "inputs of A");
    findings.equal(adapter.b.rows, std::int64_t{32}, "outputs of B");
    findings.equal((*loaded)->adapterBytes, std::int64_t{2 * 2 * 2 * 32}, "bytes of adapters");
    return adapter.b.at(31, 1);
}

void theAdapterChosenIsTheOneUsed(Findings& findings) {
    const TemporaryFolder folder;
    const TemporaryFolder other;
    TinyCheckpoint().write(folder.path());
    writeAdapterFolder(folder.path() / "adapter", 1.0F);
    writeAdapterFolder(other.path(), 2.0F);
    using Kind = AdapterChoice::Kind;
    findings.equal(adapterValue(load(folder.path()), findings), 1.0F, "automatic");
    findings.equal(adapterValue(load(folder.path(), {Kind::none, {}}), findings), 0.0F, "none");
    findings.equal(adapterValue(load(folder.path(), {Kind::folder, other.path()}), findings), 2.0F,
                   "folder");
    for (const char* name : {"nowhere", "nowhere/"}) {
        expectRefused(load(folder.path(), {Kind::folder, other.path() / name}),
                      ErrorCode::fileMissing, {"nowhere/adapter_config.json"}, findings);
    }
}

void mergedAdaptersGoBeforeTheFolder(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint checkpoint;
    checkpoint.weights.addConstant("model.layers.0.self_attn.q_proj.lora_A", {32, 2}, 0.5F);
    checkpoint.weights.addConstant("model.layers.0.self_attn.q_proj.lora_B", {2, 32}, 3.0F);
    checkpoint.write(folder.path());
    using Kind = AdapterChoice::Kind;
    findings.equal(adapterValue(load(folder.path()), findings), 3.0F, "automatic");
    findings.equal(adapterValue(load(folder.path(), {Kind::none, {}}), findings), 0.0F, "none");
    writeAdapterFolder(folder.path() / "adapter", 1.0F);
    const auto loaded = load(folder.path());
    findings.equal(adapterValue(loaded, findings), 3.0F, "automatic, with a folder too");
    findings.verify(loaded.ok() && (*loaded)->warnings.size() == 1 &&
                        (*loaded)->warnings[0].find("adapter/") != std::string::npos,
                    "the ignored folder is not told");
    findings.equal(
        adapterValue(load(folder.path(), {Kind::folder, folder.path() / "adapter"}), findings),
        1.0F, "folder");
}

void scaledAdaptersAreRefused(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint().write(folder.path());
    writeAdapterFolder(folder.path() / "adapter", 1.0F);
    writeText(folder.path() / "adapter/adapter_config.json",
              R"({"peft_type": "LORA", "r": 2, "lora_alpha": 4})");
    expectRefused(load(folder.path()), ErrorCode::unsupported,
                  {"adapter/adapter_config.json", "lora_alpha"}, findings);
}

void aTiedHeadIsTheEmbedding(Findings& findings) {
    const TemporaryFolder folder;
    TinyCheckpoint checkpoint;
    checkpoint.config["tie_word_embeddings"] = true;
    checkpoint.weights.remove("lm_head");
    checkpoint.write(folder.path());
    const auto loaded = load(folder.path());
    if (expectLoads(loaded, findings)) {
        const auto& head = std::get<kernels::DenseMatrix>((*loaded)->head.blocks.at(0).matrix);
        findings.verify(head.data == (*loaded)->embedding.data, "the head has memory of its own");
        findings.equal((*loaded)->modules.back().name, std::string("lm_head"), "last module");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"progressRisesToTheTotal", progressRisesToTheTotal},
            {"aStopEndsLoading", aStopEndsLoading},
            {"linksOfAHubCacheAreFollowed", linksOfAHubCacheAreFollowed},
            {"aLoopOfLinksIsRefused", aLoopOfLinksIsRefused},
            {"weightsOfAnotherFormatAreNamed", weightsOfAnotherFormatAreNamed},
            {"matricesAtUnfitAddressesAreCopied", matricesAtUnfitAddressesAreCopied},
            {"xieluGetsItsSoftplus", xieluGetsItsSoftplus},
            {"theHashTellsContentsApart", theHashTellsContentsApart},
            {"biasesAreRefusedUnlessZero", biasesAreRefusedUnlessZero},
            {"theAdapterChosenIsTheOneUsed", theAdapterChosenIsTheOneUsed},
            {"mergedAdaptersGoBeforeTheFolder", mergedAdaptersGoBeforeTheFolder},
            {"scaledAdaptersAreRefused", scaledAdaptersAreRefused},
            {"aTiedHeadIsTheEmbedding", aTiedHeadIsTheEmbedding}};
}

}  // namespace apertura::test
