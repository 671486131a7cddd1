#include "kernels/reference/xielu.h"

#include <algorithm>
#include <cmath>

namespace apertura::kernels::reference {

float xielu(const Xielu& parameters, float x) {
    if (x > 0.0F) {
        return parameters.alphaP * x * x + parameters.beta * x;
    }
    return parameters.alphaN * (std::expm1(std::min(x, parameters.eps)) - x) + parameters.beta * x;
}

void xielu(const Xielu& parameters, Matrix<float> x) {
    for (std::int64_t t = 0; t < x.rows; ++t) {
        for (float& value : x.row(t)) {
            value = xielu(parameters, value);
        }
    }
}

}  // namespace apertura::kernels::reference
