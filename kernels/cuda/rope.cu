#include "kernels/cuda/device/elementwise.h"
#include "kernels/cuda/rope.h"

namespace apertura::kernels::cuda {

namespace {

struct Turn {
    Matrix<const float> cosines;
    Matrix<const float> sines;
    Matrix<float> x;

    // `pair` counts through the heads: pair i of head h is h D/2 + i.
    __device__ void operator()(std::int64_t token, std::int64_t pair) const {
        const std::int64_t half = cosines.columns;
        const std::int64_t i = pair % half;
        float& first = x.data[token * x.stride + pair / half * 2 * half + i];
        float& second = *(&first + half);
        const float cosine = cosines.data[token * cosines.stride + i];
        const float sine = sines.data[token * sines.stride + i];
        const float a = first;
        const float b = second;
        first = a * cosine - b * sine;
        second = b * cosine + a * sine;
    }
};

}  // namespace

void rope(Matrix<const float> cosines, Matrix<const float> sines, Matrix<float> x, Stream& stream) {
    const std::int64_t headDim = 2 * cosines.columns;
    CHECK(sines.columns == cosines.columns && cosines.rows >= x.rows && sines.rows >= x.rows);
    CHECK(headDim > 0 && x.columns % headDim == 0);
    forEachElement(Turn{cosines, sines, x}, x.rows, x.columns / 2, stream);
}

}  // namespace apertura::kernels::cuda
