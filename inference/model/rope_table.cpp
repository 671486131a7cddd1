#include "inference/model/rope_table.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace apertura {

namespace {

double scaledForLlama3(double inverseFrequency, const RopeConfig& rope) {
    const double wavelength = 2.0 * std::numbers::pi / inverseFrequency;
    const auto original = static_cast<double>(rope.originalMaxPositionEmbeddings);
    if (wavelength < original / rope.highFreqFactor) {
        return inverseFrequency;
    }
    if (wavelength > original / rope.lowFreqFactor) {
        return inverseFrequency / rope.factor;
    }
    const double smooth =
        (original / wavelength - rope.lowFreqFactor) / (rope.highFreqFactor - rope.lowFreqFactor);
    return (1.0 - smooth) * inverseFrequency / rope.factor + smooth * inverseFrequency;
}

}  // namespace

std::vector<double> ropeInverseFrequencies(const RopeConfig& rope, std::int64_t headDim) {
    std::vector<double> result;
    for (std::int64_t i = 0; i < headDim / 2; ++i) {
        const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(headDim);
        const double inverseFrequency = std::pow(rope.theta, exponent);
        result.push_back(rope.type == RopeConfig::Type::llama3
                             ? scaledForLlama3(inverseFrequency, rope)
                             : inverseFrequency);
    }
    return result;
}

RopeTable::RopeTable(std::vector<double> inverseFrequencies)
    : m_inverseFrequencies(std::move(inverseFrequencies)) {}

void RopeTable::extend(std::int64_t count) {
    const auto size = static_cast<std::size_t>(count) * m_inverseFrequencies.size();
    if (size <= m_sines.size()) {
        return;
    }
    m_cosines.reserve(size);
    m_sines.reserve(size);
    for (std::size_t position = m_sines.size() / m_inverseFrequencies.size();
         position < static_cast<std::size_t>(count); ++position) {
        for (const double inverseFrequency : m_inverseFrequencies) {
            const double angle = static_cast<double>(position) * inverseFrequency;
            m_cosines.push_back(static_cast<float>(std::cos(angle)));
            m_sines.push_back(static_cast<float>(std::sin(angle)));
        }
    }
}

kernels::Matrix<const float> RopeTable::rows(const std::vector<float>& table, std::int64_t first,
                                             std::int64_t count) const {
    const auto half = static_cast<std::int64_t>(m_inverseFrequencies.size());
    CHECK((first + count) * half <= static_cast<std::int64_t>(table.size()));
    return {table.data() + first * half, count, half};
}

kernels::Matrix<const float> RopeTable::cosines(std::int64_t first, std::int64_t count) const {
    return rows(m_cosines, first, count);
}

kernels::Matrix<const float> RopeTable::sines(std::int64_t first, std::int64_t count) const {
    return rows(m_sines, first, count);
}

std::int64_t RopeTable::byteCount() const {
    return static_cast<std::int64_t>((m_cosines.capacity() + m_sines.capacity()) * sizeof(float));
}

}  // namespace apertura
