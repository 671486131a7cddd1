// What one decoding step reads and executes, by the virtual GPU's count: every weight, scale, zero,
// adapter and cached number once, in whole sectors, with few instructions a weight.
#include <cstdio>
#include <cstdlib>

#include "tests/gpu/model_bytes.h"
#include "tests/gpu/stated_traffic.h"
#include "tests/gpu/traffic_statistics.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/expected_tensors.h"
#include "tests/support/process.h"
#include "tests/support/synthetic_layers.h"

namespace apertura::test {

namespace {

constexpr std::int64_t kPosition = 255;
// The first step may make what later ones use again, so it is in both runs.
constexpr int kSteps = 2;

constexpr double kMostOverFloor = 1.02;
constexpr double kMostActivationBytesPerWeightByte = 0.5;
constexpr double kLeastSectorEfficiency = 0.95;
constexpr double kMostInstructionsPerWeight = 1.3;

// What one step of `model` did; nothing, and a failure, where a run ended badly.
Traffic trafficOf(const std::string& model, std::int64_t position, Findings& findings) {
    const TemporaryFolder folder;
    const auto statistics = folder.path() / "statistics.json";
    const auto run = [&](int steps) -> Traffic {
        const ProcessResult result = runProcess(
            {"/usr/bin/env", "VGPU_STATS=" + statistics.string(), "VGPU_POISON=0",
             DECODE_TRAFFIC_PROBE, model, std::to_string(position), std::to_string(steps)});
        if (!findings.equal(result.status, 0, "the probe: " + result.out + result.err)) {
            return {};
        }
        return readTraffic(statistics);
    };
    const Traffic less = run(kSteps);
    return difference(run(kSteps + 1), less);
}

std::string text(const char* format, double a, double b, double c, double d) {
    char line[160];
    std::snprintf(line, sizeof(line), format, a, b, c, d);
    return line;
}

std::int64_t weightCount(const LayerWeights& layer) {
    std::int64_t count = 0;
    for (const kernels::Linear* linear :
         {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
        count += linear->inputs * linear->outputs;
    }
    return count;
}

// Compares kernel by kernel what was launched with what is stated; returns all activation bytes.
double checkLaunches(const Traffic& traffic, const std::map<std::string, StatedLoads>& stated,
                     Findings& findings) {
    double activations = 0.0;
    for (const auto& [name, kernel] : traffic) {
        const auto found = stated.find(name);
        if (!findings.verify(found != stated.end(), "nothing is stated about " + name)) {
            continue;
        }
        findings.equal(kernel.launches, found->second.launches, "launches of " + name);
        const auto bytes = static_cast<double>(found->second.activationBytes);
        activations += bytes;
        findings.note(std::to_string(kernel.launches) + " x " + name +
                      text(": %.3f MB, of these activations %.3f; sector efficiency %.3f; %.1f M "
                           "instructions",
                           1e-6 * static_cast<double>(kernel.loadBytes), 1e-6 * bytes,
                           kernel.sectorEfficiency(),
                           1e-6 * static_cast<double>(kernel.threadInstructions)));
    }
    for (const auto& [name, loads] : stated) {
        findings.verify(traffic.contains(name), name + " was not launched");
    }
    return activations;
}

void aLayerReadsItsWeightsOnce(SyntheticFormat format, Findings& findings) {
    const auto weights = makeSyntheticLayers({}, format);
    const ModelConfig& config = weights->config;
    const LayerWeights& layer = weights->layers.front();
    const Traffic traffic = trafficOf(syntheticFormatName(format), kPosition, findings);
    const double activations =
        checkLaunches(traffic, statedLoads(config, layer, kPosition + 1), findings);
    const KernelTraffic all = total(traffic);
    const auto floor =
        static_cast<double>(layerBytes(layer) + (kPosition + 1) * kvBytesPerPosition(config));
    const double overFloor = (static_cast<double>(all.loadBytes) - activations) / floor;
    const double instructions =
        static_cast<double>(all.threadInstructions) / static_cast<double>(weightCount(layer));
    const std::string figures = text(
        "weights and cache over their floor %.4f, activation bytes a weight byte %.3f, sector "
        "efficiency %.3f, instructions a weight %.3f",
        overFloor, activations / floor, all.sectorEfficiency(), instructions);
    findings.note(figures);
    findings.verify(overFloor >= 0.999 && overFloor <= kMostOverFloor, figures);
    findings.verify(activations / floor <= kMostActivationBytesPerWeightByte, figures);
    findings.verify(all.sectorEfficiency() >= kLeastSectorEfficiency, figures);
    findings.verify(
        format == SyntheticFormat::int4Adapters || instructions <= kMostInstructionsPerWeight,
        figures);
}

// A fixture is too small for limits: its row of the table, and that nothing was left unread.
void aModelReadsAllItsWeights(const std::filesystem::path& folder, Findings& findings) {
    constexpr std::int64_t kFixturePosition = 31;
    const auto weights = loadCheckpoint({folder, {}}, {}, {});
    if (!findings.verify(weights.ok(), "loads")) {
        return;
    }
    const KernelTraffic all = total(trafficOf(folder.string(), kFixturePosition, findings));
    std::int64_t floor = matrixBytes((*weights)->head);
    std::int64_t count = (*weights)->head.inputs * (*weights)->head.outputs;
    for (const LayerWeights& layer : (*weights)->layers) {
        floor +=
            layerBytes(layer) + (kFixturePosition + 1) * kvBytesPerPosition((*weights)->config);
        count += weightCount(layer);
    }
    const double over = static_cast<double>(all.loadBytes) / static_cast<double>(floor);
    const std::string figures =
        std::to_string(all.launches) +
        text(
            " launches, floor %.3f MB, all loads over it %.3f, sector efficiency %.3f, "
            "instructions a weight %.2f",
            1e-6 * static_cast<double>(floor), over, all.sectorEfficiency(),
            static_cast<double>(all.threadInstructions) / static_cast<double>(count));
    findings.note(figures);
    findings.verify(over >= 1.0, figures);
}

Case onTheVirtualGpu(const std::string& name, const std::function<void(Findings&)>& run) {
    return {name, [run](Findings& findings) {
                if (!missingDevice().empty() || std::getenv("LD_PRELOAD") == nullptr) {
                    findings.skip("only the virtual GPU counts what is read");
                    return;
                }
                run(findings);
            }};
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const SyntheticFormat format : allSyntheticFormats()) {
        all.push_back(onTheVirtualGpu(
            "aLayerReadsItsWeightsOnce " + syntheticFormatName(format),
            [format](Findings& findings) { aLayerReadsItsWeightsOnce(format, findings); }));
    }
    for (const auto& folder : goldenModels()) {
        all.push_back(onTheVirtualGpu(
            "aModelReadsAllItsWeights " + folder.string(),
            [folder](Findings& findings) { aModelReadsAllItsWeights(folder, findings); }));
    }
    return all;
}

}  // namespace apertura::test
