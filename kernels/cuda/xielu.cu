#include "kernels/cuda/device/elementwise.h"
#include "kernels/cuda/device/xielu_value.h"
#include "kernels/cuda/xielu.h"

namespace apertura::kernels::cuda {

namespace {

struct Activate {
    Xielu parameters;
    Matrix<float> x;

    __device__ void operator()(std::int64_t row, std::int64_t column) const {
        float& value = x.data[row * x.stride + column];
        value = xieluValue(parameters, value);
    }
};

}  // namespace

void xielu(const Xielu& parameters, Matrix<float> x, Stream& stream) {
    forEachElement(Activate{parameters, x}, x.rows, x.columns, stream);
}

}  // namespace apertura::kernels::cuda
