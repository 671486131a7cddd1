#include "kernels/cuda/top_k.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "tests/kernels/cuda/device_case.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

cuda::TopK topKOf(const std::vector<float>& logits, const cuda::TopKRequest& request,
                  cuda::Stream& stream) {
    const std::int64_t k = request.k;
    const auto vocabulary = static_cast<std::int64_t>(logits.size());
    const auto deviceLogits = toDevice(logits, stream);
    const cuda::DeviceBuffer scratch(cuda::topKScratchBytes(vocabulary, k));
    const cuda::DeviceBuffer result(sizeof(cuda::TopK));
    cuda::topK(deviceLogits.as<const float>(), vocabulary, request, scratch.data(),
               result.as<cuda::TopK>(), stream);
    cuda::TopK host;
    const auto bytes = toHost(result.data(), cuda::topKBytes(k), stream);
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(&host));
    return host;
}

void compare(Findings& findings, const std::vector<float>& logits, std::int64_t k,
             double temperature = 0.8) {
    onDevice(findings, [&](cuda::Stream& stream) {
        const cuda::TopK got = topKOf(logits, {k, temperature}, stream);
        std::vector<std::int32_t> ids(logits.size());
        std::iota(ids.begin(), ids.end(), 0);
        std::stable_sort(ids.begin(), ids.end(), [&](std::int32_t a, std::int32_t b) {
            return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
        });
        const std::string where =
            "V " + std::to_string(logits.size()) + " k " + std::to_string(k) + ": ";
        findings.equal(static_cast<std::int64_t>(got.count), k, where + "count");
        for (std::int64_t i = 0; i < k; ++i) {
            const std::int32_t id = ids[static_cast<std::size_t>(i)];
            if (!findings.equal(got.best[i].id, id, where + "id at " + std::to_string(i)) ||
                !findings.equal(got.best[i].logit, logits[static_cast<std::size_t>(id)],
                                where + "logit")) {
                return;
            }
        }
        const double largest = logits[static_cast<std::size_t>(ids[0])];
        findings.equal(static_cast<double>(got.largest), largest, where + "largest");
        double sum = 0.0;
        double weightSum = 0.0;
        for (const float logit : logits) {
            sum += std::exp(logit - largest);
            weightSum += std::exp((logit - largest) / temperature);
        }
        findings.verify(std::abs(got.weightSum - weightSum) <= cuda::kTopKSumError * weightSum,
                        where + "weightSum " + std::to_string(got.weightSum) + " for " +
                            std::to_string(weightSum));
        // Each exponential and each of up to 24 sums round to fp32.
        const double expected = largest + std::log(sum);
        findings.verify(std::abs(got.logSumExp - expected) <=
                            28 * 0x1p-24 + 0x1p-23 * std::abs(largest - expected),
                        where + "logSumExp " + std::to_string(got.logSumExp) + " for " +
                            std::to_string(expected));
    });
}

void agrees(Findings& findings) {
    std::mt19937 random(23);
    struct Size {
        std::int64_t vocabulary, k;
    };
    for (const Size size : {Size{1, 1}, Size{31, 31}, Size{256, 256}, Size{2048, 40}, Size{2049, 1},
                            Size{33000, 256}, Size{20000, 100}}) {
        compare(findings, randomVector(static_cast<std::size_t>(size.vocabulary), 6.0F, random),
                size.k);
    }
}

void givesTiesToTheLowerId(Findings& findings) {
    std::mt19937 random(29);
    std::vector<float> logits(5000);
    for (float& logit : logits) {
        logit = static_cast<float>(static_cast<int>(random() % 7) - 3);
    }
    compare(findings, logits, 256);
    std::fill(logits.begin(), logits.end(), -2.5F);
    compare(findings, logits, 256);
}

void takesHiddenTokens(Findings& findings) {
    std::vector<float> logits(3000, -INFINITY);
    logits[2999] = -80.0F;
    logits[7] = -90.0F;
    compare(findings, logits, 2);
    compare(findings, logits, 2, 0.01);
    compare(findings, logits, 2, 10.0);
    std::fill(logits.begin(), logits.end(), -3e38F);
    logits[100] = 3e38F;
    compare(findings, logits, 3);
}

void showsNan(Findings& findings) {
    onDevice(findings, [&](cuda::Stream& stream) {
        for (const float nan : {std::nanf(""), -std::nanf("")}) {
            std::vector<float> logits(2100, 1.0F);
            logits[2050] = nan;
            findings.verify(std::isnan(topKOf(logits, {3, 1.0}, stream).logSumExp),
                            "a NaN was lost");
        }
    });
}

}  // namespace

std::vector<Case> cases() {
    return {{"agreesAtAwkwardSizes", agrees},
            {"givesTiesToTheLowerId", givesTiesToTheLowerId},
            {"takesHiddenTokens", takesHiddenTokens},
            {"showsNan", showsNan}};
}

}  // namespace apertura::test
