// The weights of every golden checkpoint, dequantized, against those that the tool which wrote it
// dequantizes.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "tests/support/cases.h"
#include "tests/support/expected_tensors.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

// W[o, i] of a linear for every input i, the adapter left out.
std::vector<double> rowOf(const kernels::Linear& linear, std::int64_t output) {
    std::vector<double> row(static_cast<std::size_t>(linear.inputs));
    const kernels::LinearBlock* block = nullptr;
    for (const auto& candidate : linear.blocks) {
        block = candidate.firstOutput <= output ? &candidate : block;
    }
    const std::int64_t o = output - block->firstOutput;
    if (const auto* dense = std::get_if<kernels::DenseMatrix>(&block->matrix)) {
        for (std::int64_t i = 0; i < linear.inputs; ++i) {
            row[static_cast<std::size_t>(i)] = dense->at(o, i);
        }
        return row;
    }
    const auto& quantized = std::get<kernels::QuantizedMatrix>(block->matrix);
    for (std::int64_t p = 0; p < linear.inputs; ++p) {
        const auto input = static_cast<std::size_t>(quantized.inputAt(p));
        float weight = quantized.unscaledWeight(o, p);
        if (!quantized.inputScale.empty()) {
            weight *= kernels::halfToFloat(quantized.inputScale[input]);
        }
        row[input] = weight;
    }
    return row;
}

// Adds B A; `magnitude` gets what its terms amount to without their signs.
void addAdapter(const kernels::LowRankAdapter& adapter, std::int64_t output,
                std::vector<double>& row, std::vector<double>& magnitude) {
    for (std::int64_t r = 0; r < adapter.rank(); ++r) {
        const double b = adapter.b.at(output, r);
        for (std::size_t i = 0; i < row.size(); ++i) {
            const double term = b * adapter.a.at(r, static_cast<std::int64_t>(i));
            row[i] += term;
            magnitude[i] += std::fabs(term);
        }
    }
}

enum class Adapter { leftOut, added };

// Both sides round a weight at most twice in float32, by half an epsilon (2^-24) each. With the
// adapter, the expected value is a float32 sum of R terms, whose error is at most R half-epsilons
// of their magnitudes.
void compare(const kernels::Linear& linear, Adapter adapter, const ExpectedTensor& rows,
             const ExpectedTensor& expected, const std::string& what, Findings& findings) {
    if (!findings.equal(expected.shape.at(1), linear.inputs, what + " inputs")) {
        return;
    }
    double roundings = 4.0;
    if (adapter == Adapter::added) {
        roundings += static_cast<double>(linear.adapter->rank());
    }
    double worst = 0.0;
    for (std::size_t n = 0; n < rows.integers.size(); ++n) {
        std::vector<double> row = rowOf(linear, rows.integers[n]);
        std::vector<double> magnitude(row.size());
        std::transform(row.begin(), row.end(), magnitude.begin(),
                       [](double w) { return std::fabs(w); });
        if (adapter == Adapter::added) {
            addAdapter(*linear.adapter, rows.integers[n], row, magnitude);
        }
        for (std::size_t i = 0; i < row.size(); ++i) {
            const double difference = std::fabs(row[i] - expected.floats[n * row.size() + i]);
            worst = std::fmax(worst, difference / (roundings * 0x1p-24 * magnitude[i] + 1e-30));
        }
    }
    findings.verify(worst <= 1.0, what + " differs by " + std::to_string(worst) +
                                      " times what rounding explains");
}

void weightsAreAsTheToolDequantizesThem(const fs::path& folder, Findings& findings) {
    const auto loaded = loadCheckpoint({folder, {}}, {}, {});
    if (!loaded) {
        findings.fail(loaded.error().message);
        return;
    }
    const LayerWeights& layer = (*loaded)->layers.at(0);
    const std::map<std::string, const kernels::Linear*> linears = {
        {"model.layers.0.self_attn.k_proj", &layer.key},
        {"model.layers.0.mlp.down_proj", &layer.down}};
    const auto expected = readExpectedTensors(folder / "expected.safetensors");
    int compared = 0;
    for (const auto& [name, linear] : linears) {
        const auto rows = expected.find("dequant_rows." + name);
        if (rows == expected.end()) {
            continue;
        }
        compare(*linear, Adapter::leftOut, rows->second, expected.at("dequant." + name), name,
                findings);
        const auto withAdapter = expected.find("dequant_eora." + name);
        findings.equal(linear->adapter.has_value(), withAdapter != expected.end(),
                       name + " has an adapter");
        if (linear->adapter && withAdapter != expected.end()) {
            compare(*linear, Adapter::added, rows->second, withAdapter->second,
                    name + " with adapter", findings);
        }
        ++compared;
    }
    findings.equal(compared, 2, "matrices compared");
    for (const std::string& warning : (*loaded)->warnings) {
        findings.note(warning);
    }
    findings.note((*loaded)->precision + ", " + (*loaded)->contentHash);
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const fs::path& folder : goldenModels()) {
        const std::string name =
            folder.parent_path().filename().string() + "/" + folder.filename().string();
        all.push_back({"weightsAreAsTheToolDequantizesThem: " + name, [folder](Findings& findings) {
                           weightsAreAsTheToolDequantizesThem(folder, findings);
                       }});
    }
    return all;
}

}  // namespace apertura::test
