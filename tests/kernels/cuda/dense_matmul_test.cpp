#include "kernels/cuda/dense_matmul.h"

#include <random>

#include "kernels/cuda/device_linear.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/kernels/cuda/product_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

struct Shape {
    std::int64_t outputs, inputs, tokens;
};

void compare(Findings& findings, LinearForm form, Shape shape, cuda::Store store) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(11);
        const RandomLinear host = makeRandomLinear(form, shape.outputs, shape.inputs, 32, random);
        const auto x =
            randomVector(static_cast<std::size_t>(shape.tokens * shape.inputs), 1.0F, random);
        const auto before =
            randomVector(static_cast<std::size_t>(shape.tokens * shape.outputs), 1.0F, random);
        cuda::DeviceArena arena(cuda::deviceBytes(host.linear));
        const kernels::Linear device = cuda::toDevice(host.linear, arena, stream);
        const cuda::DeviceBuffer deviceX = toDevice(x, stream);
        const cuda::DeviceBuffer y = toDevice(before, stream);
        cuda::denseMatmul(std::get<kernels::DenseMatrix>(device.blocks.at(0).matrix),
                          {deviceX.as<const float>(), shape.tokens, shape.inputs},
                          {y.as<float>(), shape.tokens, shape.outputs}, store, stream);
        const auto result = toHost(y.as<float>(), before.size(), stream);
        compareProduct(findings, result,
                       {host, x, store == cuda::Store::add ? before : std::vector<float>()});
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : {LinearForm::bf16, LinearForm::fp16, LinearForm::fp32}) {
        all.push_back({std::string(linearFormName(form)) + " agrees at awkward sizes",
                       [=](Findings& findings) {
                           for (const Shape shape :
                                {Shape{1, 1, 1}, Shape{31, 33, 3}, Shape{33, 4097, 1},
                                 Shape{129, 256, 8}, Shape{16, 320, 5}, Shape{73, 1024, 2},
                                 Shape{41, 2048, 1}, Shape{19, 4100, 4}}) {
                               compare(findings, form, shape, cuda::Store::replace);
                               compare(findings, form, shape, cuda::Store::add);
                           }
                       }});
    }
    return all;
}

}  // namespace apertura::test
