// A quantized product that joins the residual stream, and the A rows of an adapter beside it,
// against the ops that it takes the place of.
#include <random>

#include "kernels/cuda/add.h"
#include "kernels/cuda/quantize_activations.h"
#include "kernels/cuda/quantized_matmul.h"
#include "tests/kernels/cuda/linear_case.h"
#include "tests/kernels/cuda/planes_case.h"
#include "tests/kernels/cuda/product_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;
using kernels::Matrix;

struct Sizes {
    std::int64_t outputs, inputs, groupSize, tokens;
    std::int64_t rank = 0;  // 0: no adapter
    LinearForm adapter = LinearForm::bf16;
};

void equalsTheOpsOneByOne(Findings& findings, LinearForm form, Sizes sizes) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(17);
        const DeviceLinear weight({form, sizes.outputs, sizes.inputs, sizes.groupSize}, random,
                                  stream);
        const auto x =
            randomVector(static_cast<std::size_t>(sizes.tokens * sizes.inputs), 1.0F, random);
        const auto before =
            randomVector(static_cast<std::size_t>(sizes.tokens * sizes.outputs), 1.0F, random);
        const auto deviceX = toDevice(x, stream);
        const Matrix<const float> input(deviceX.as<const float>(), sizes.tokens, sizes.inputs);
        const Planes planes(sizes.tokens, sizes.inputs);
        const auto& matrix = weight.quantized();
        cuda::quantizeActivations(input, matrix.inputScale.data(), matrix.inputOrder.data(),
                                  planes.view, stream);

        const auto unfused = toDevice(before, stream);
        const cuda::DeviceBuffer product(before.size() * sizeof(float));
        const Matrix<float> projected(product.as<float>(), sizes.tokens, sizes.outputs);
        cuda::quantizedMatmul(matrix, planes.view, projected, stream);
        cuda::add(projected, {unfused.as<float>(), sizes.tokens, sizes.outputs}, stream);

        const auto fused = toDevice(before, stream);
        const Matrix<float> y(fused.as<float>(), sizes.tokens, sizes.outputs);
        if (sizes.rank == 0) {
            cuda::addQuantizedMatmul(matrix, planes.view, y, {}, {}, stream);
        } else {
            const DeviceLinear a({sizes.adapter, sizes.rank, sizes.inputs}, random, stream);
            const auto count = static_cast<std::size_t>(sizes.tokens * sizes.rank);
            const cuda::DeviceBuffer low(count * sizeof(float));
            cuda::addQuantizedMatmul(
                matrix, planes.view, y,
                {a.dense(), Matrix<float>(low.as<float>(), sizes.tokens, sizes.rank)}, input,
                stream);
            compareProduct(findings, toHost(low.as<float>(), count, stream), {a.host, x});
        }
        findings.verify(toHost(fused.as<float>(), before.size(), stream) ==
                            toHost(unfused.as<float>(), before.size(), stream),
                        "the same bits as product and sum one by one");
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : quantizedForms()) {
        all.push_back(
            {std::string(linearFormName(form)) + "EqualsTheOpsOneByOne", [=](Findings& findings) {
                 equalsTheOpsOneByOne(findings, form, {33, 384, 128, 1});
                 equalsTheOpsOneByOne(findings, form, {16, 96, 32, 2, 1});
                 equalsTheOpsOneByOne(findings, form, {1, 704, 64, 8, 33});
                 equalsTheOpsOneByOne(findings, form, {31, 160, 160, 7, 13, LinearForm::fp16});
             }});
    }
    for (const std::int64_t rank : {1, 3, 8, 64, 200}) {
        all.push_back({"adapterOfRank" + std::to_string(rank) + "EqualsTheOpsOneByOne",
                       [=](Findings& findings) {
                           for (std::int64_t tokens = 1; tokens <= 8; ++tokens) {
                               const bool isBf16 = tokens % 2 == 0;
                               equalsTheOpsOneByOne(findings, LinearForm::int4Symmetric,
                                                    {48, 1056, 32, tokens, rank,
                                                     isBf16 ? LinearForm::bf16 : LinearForm::fp16});
                           }
                       }});
    }
    return all;
}

}  // namespace apertura::test
