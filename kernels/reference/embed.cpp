#include "kernels/reference/embed.h"

#include "kernels/reference/dense_row.h"

namespace apertura::kernels::reference {

void embed(const DenseMatrix& table, std::span<const std::int32_t> ids, Matrix<float> y) {
    CHECK(static_cast<std::int64_t>(ids.size()) == y.rows && table.columns == y.columns);
    for (std::int64_t t = 0; t < y.rows; ++t) {
        const std::int64_t id = ids[static_cast<std::size_t>(t)];
        CHECK(id >= 0 && id < table.rows);
        unpackDenseRow(table, id, y.row(t));
    }
}

}  // namespace apertura::kernels::reference
