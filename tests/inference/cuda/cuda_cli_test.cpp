// The command line on the GPU: the INT8 KV cache from one end to the other, and the memory plan.
#include <cmath>

#include "tests/kernels/cuda/device_case.h"
#include "tests/support/command_line.h"
#include "tests/support/expected_tensors.h"

namespace apertura::test {

namespace {

constexpr const char* kModel = "sinq-4bit";

std::vector<float> logitsWith(const std::string& kv, Findings& findings) {
    const auto file = scratchFile("cuda-" + kv + ".safetensors");
    const auto ids =
        scratchFile("cuda-ids", "1 2000 2100 1500 77 900 1203 41 650 1711 1999 3 12 700 1234 5\n");
    const auto result = cli({"logits", demoModel(kModel), "--backend", "cuda", "--kv", kv,
                             "--context", "64", "--ids-file", ids, "--out", file});
    findings.equal(result.status, 0, "exit status (" + result.err + ")");
    return readExpectedTensors(file).at("logits").floats;
}

double rootMeanSquare(const std::vector<float>& values) {
    double sum = 0.0;
    for (const float value : values) {
        sum += double{value} * value;
    }
    return std::sqrt(sum / static_cast<double>(values.size()));
}

void anInt8CacheIsNearABf16One(Findings& findings) {
    const auto bf16 = logitsWith("bf16", findings);
    const auto int8 = logitsWith("int8", findings);
    if (!findings.equal(int8.size(), bf16.size(), "logits")) {
        return;
    }
    std::vector<float> difference(bf16.size());
    for (std::size_t i = 0; i < bf16.size(); ++i) {
        difference[i] = int8[i] - bf16[i];
    }
    // A code is off by at most 1/254 of its head's largest number; keys and values of each of the
    // six layers, and the residual stream adds them up.
    constexpr double kLayers = 6;
    const double limit = kLayers * 2 * rootMeanSquare(bf16) / 254;
    const double off = rootMeanSquare(difference);
    findings.note("off by " + std::to_string(off) + " of " + std::to_string(rootMeanSquare(bf16)) +
                  ", the limit is " + std::to_string(limit));
    findings.verify(off <= limit, "off by " + std::to_string(off));
    findings.verify(off > 0.0, "the cache was not INT8");
}

Json inspect(const std::string& kv, Findings& findings) {
    return jsonOf(cli({"inspect", demoModel(kModel), "--backend", "cuda", "--kv", kv}), findings);
}

void inspectShowsTheDevicesMemoryPlan(Findings& findings) {
    const Json bf16 = inspect("bf16", findings)["memory_plan"];
    const Json int8 = inspect("int8", findings)["memory_plan"];
    findings.equal(bf16.size(), std::size_t{4}, "contexts");
    for (std::size_t i = 0; i < bf16.size(); ++i) {
        const Json& plan = bf16[i];
        findings.equal(
            plan["total_bytes"].get<std::int64_t>(),
            plan["weight_bytes"].get<std::int64_t>() + plan["adapter_bytes"].get<std::int64_t>() +
                plan["kv_bytes"].get<std::int64_t>() + plan["scratch_bytes"].get<std::int64_t>(),
            "total");
        findings.verify(plan["scratch_bytes"] > 0, "scratch memory");
        findings.verify(int8[i]["kv_bytes"] < plan["kv_bytes"], "INT8 takes less");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {deviceCase("anInt8CacheIsNearABf16One", anInt8CacheIsNearABf16One),
            deviceCase("inspectShowsTheDevicesMemoryPlan", inspectShowsTheDevicesMemoryPlan)};
}

}  // namespace apertura::test
