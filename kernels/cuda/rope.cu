#include "kernels/cuda/device/elementwise.h"
#include "kernels/cuda/device/position.h"
#include "kernels/cuda/rope.h"

namespace apertura::kernels::cuda {

namespace {

struct Turn {
    Matrix<const float> cosines;
    Matrix<const float> sines;
    Position firstPosition;
    Matrix<float> x;

    // `pair` counts through the heads: pair i of head h is h D/2 + i.
    __device__ void operator()(std::int64_t token, std::int64_t pair) const {
        const std::int64_t half = cosines.columns;
        const std::int64_t i = pair % half;
        float& first = x.data[token * x.stride + pair / half * 2 * half + i];
        float& second = *(&first + half);
        const std::int64_t position = positionOf(firstPosition) + token;
        const float cosine = cosines.data[position * cosines.stride + i];
        const float sine = sines.data[position * sines.stride + i];
        const float a = first;
        const float b = second;
        first = a * cosine - b * sine;
        second = b * cosine + a * sine;
    }
};

}  // namespace

void rope(Matrix<const float> cosines, Matrix<const float> sines, Position firstPosition,
          Matrix<float> x, Stream& stream) {
    const std::int64_t headDim = 2 * cosines.columns;
    CHECK(sines.columns == cosines.columns && sines.rows == cosines.rows);
    CHECK(!firstPosition.isKnown() || firstPosition.value + x.rows <= cosines.rows);
    CHECK(headDim > 0 && x.columns % headDim == 0);
    forEachElement(Turn{cosines, sines, firstPosition, x}, x.rows, x.columns / 2, stream);
}

}  // namespace apertura::kernels::cuda
