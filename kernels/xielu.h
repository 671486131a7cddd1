// The parameters of xIELU (arXiv 2411.13010), softplus already applied:
//
//   x > 0:  alphaP x^2 + beta x        x <= 0:  alphaN (expm1(min(x, eps)) - x) + beta x
#pragma once

namespace apertura::kernels {

struct Xielu {
    float alphaP = 0.8F;
    float alphaN = 0.8F;
    float beta = 0.5F;
    float eps = -1e-6F;
};

}  // namespace apertura::kernels
