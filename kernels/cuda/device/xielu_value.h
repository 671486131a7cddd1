// xIELU of one number; see kernels/xielu.h.
#pragma once

#include "kernels/xielu.h"

namespace apertura::kernels::cuda {

__device__ inline float xieluValue(const Xielu& parameters, float x) {
    if (x > 0.0F) {
        return parameters.alphaP * x * x + parameters.beta * x;
    }
    // Unlike fminf, the comparison lets a NaN through.
    const float clamped = x > parameters.eps ? parameters.eps : x;
    return parameters.alphaN * (expm1f(clamped) - x) + parameters.beta * x;
}

}  // namespace apertura::kernels::cuda
