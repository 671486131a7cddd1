// The angles of rotary position embedding for a model, as cosines and sines by position.
#pragma once

#include <cstdint>
#include <vector>

#include "inference/weights/model_config.h"
#include "kernels/matrix.h"

namespace apertura {

// Radians per position of each pair (i, i + D/2), in float64. With llama3 scaling (transformers,
// modeling_rope_utils): wavelengths above originalMaxPositionEmbeddings / lowFreqFactor are
// stretched by `factor`, those below originalMaxPositionEmbeddings / highFreqFactor stay, those
// between are blended.
//
// Shapes: [headDim / 2].
std::vector<double> ropeInverseFrequencies(const RopeConfig& rope, std::int64_t headDim);

// Rounding: angle, cosine and sine in float64, kept as float32.
class RopeTable {
public:
    explicit RopeTable(std::vector<double> inverseFrequencies);

    // Makes the table hold positions [0, count).
    void extend(std::int64_t count);

    // Rows of positions [first, first + count). Shapes: [count, D/2].
    kernels::Matrix<const float> cosines(std::int64_t first, std::int64_t count) const;
    kernels::Matrix<const float> sines(std::int64_t first, std::int64_t count) const;
    std::int64_t byteCount() const;

private:
    kernels::Matrix<const float> rows(const std::vector<float>& table, std::int64_t first,
                                      std::int64_t count) const;

    std::vector<double> m_inverseFrequencies;
    std::vector<float> m_cosines;
    std::vector<float> m_sines;
};

}  // namespace apertura
