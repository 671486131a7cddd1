#include "kernels/reference/add.h"

namespace apertura::kernels::reference {

void add(Matrix<const float> x, Matrix<float> y) {
    CHECK(x.rows == y.rows && x.columns == y.columns);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        const float* from = x.row(t).data();
        float* to = y.row(t).data();
        for (std::int64_t i = 0; i < x.columns; ++i) {
            to[i] += from[i];
        }
    }
}

}  // namespace apertura::kernels::reference
