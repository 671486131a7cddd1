#include "kernels/reference/rope.h"

namespace apertura::kernels::reference {

void rope(Matrix<const float> cosines, Matrix<const float> sines, Matrix<float> x) {
    const std::int64_t half = cosines.columns;
    const std::int64_t headDim = 2 * half;
    CHECK(sines.columns == half && cosines.rows >= x.rows && sines.rows >= x.rows);
    CHECK(x.columns % headDim == 0);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        const float* cosine = cosines.row(t).data();
        const float* sine = sines.row(t).data();
        for (std::int64_t head = 0; head < x.columns / headDim; ++head) {
            float* first = x.row(t).data() + head * headDim;
            float* second = first + half;
            for (std::int64_t i = 0; i < half; ++i) {
                const float a = first[i];
                const float b = second[i];
                first[i] = a * cosine[i] - b * sine[i];
                second[i] = b * cosine[i] + a * sine[i];
            }
        }
    }
}

}  // namespace apertura::kernels::reference
