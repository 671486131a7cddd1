// `perplexity` of the command line against the recorded losses of every golden model.
#include <cmath>
#include <filesystem>

#include "tests/support/command_line.h"
#include "tests/support/expected_tensors.h"

namespace apertura::test {

namespace {

// A log-probability is one logit minus a log-sum-exp of all: twice the 0.02 that the goldens allow
// a logit of the float32 reference.
constexpr double kTolerance = 0.04;

void lossesEqualTheRecordedOnes(const std::filesystem::path& folder, Findings& findings) {
    const auto expected = readExpectedTensors(folder / "expected.safetensors");
    if (!expected.contains("nll")) {
        findings.skip("the model has no recorded losses");
        return;
    }
    std::string ids;
    for (const std::int64_t id : expected.at("nll_ids").integers) {
        ids += std::to_string(id) + " ";
    }
    const auto file = scratchFile("nll-ids", ids);
    const Json result = jsonOf(cli({"perplexity", folder.string(), "--backend", "reference",
                                    "--ids-file", file, "--json"}),
                               findings);
    const auto& losses = expected.at("nll").floats;
    if (!findings.equal(result["nll"].size(), losses.size(), "losses")) {
        return;
    }
    double worst = 0.0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        worst = std::max(worst, std::abs(result["nll"][i].get<double>() - losses[i]));
    }
    findings.note("largest difference " + std::to_string(worst));
    findings.verify(worst <= kTolerance, "the losses differ");
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto& folder : goldenModels()) {
        all.push_back(
            {folder.parent_path().filename().string() + "/" + folder.filename().string(),
             [folder](Findings& findings) { lossesEqualTheRecordedOnes(folder, findings); }});
    }
    if (all.empty()) {
        all.push_back({"aGoldenModel",
                       [](Findings& findings) { findings.skip("there is no golden model"); }});
    }
    return all;
}

}  // namespace apertura::test
