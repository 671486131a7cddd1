#include "kernels/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reference/dot.h"

namespace apertura::kernels::reference {

namespace {

void attendHead(const KvView& cache, std::int64_t kvHead, const float* query,
                std::span<float> scores, std::span<float> attended) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(cache.headDim));
    float largest = -std::numeric_limits<float>::infinity();
    for (std::size_t s = 0; s < scores.size(); ++s) {
        scores[s] =
            scale * dot(query, cache.key(static_cast<std::int64_t>(s), kvHead), cache.headDim);
        largest = std::max(largest, scores[s]);
    }
    double sum = 0.0;
    for (float& score : scores) {
        score = std::exp(score - largest);
        sum += score;
    }
    std::fill(attended.begin(), attended.end(), 0.0F);
    for (std::size_t s = 0; s < scores.size(); ++s) {
        const auto weight = static_cast<float>(scores[s] / sum);
        const float* value = cache.value(static_cast<std::int64_t>(s), kvHead);
        for (std::size_t i = 0; i < attended.size(); ++i) {
            attended[i] += weight * value[i];
        }
    }
}

}  // namespace

void attention(const KvView& cache, Matrix<const float> query, Matrix<float> attended,
               Matrix<float> scores, std::int64_t firstPosition, ThreadPool& pool) {
    const std::int64_t queryHeads = query.columns / cache.headDim;
    const std::int64_t tokens = query.rows;
    CHECK(queryHeads % cache.heads == 0 && attended.columns == query.columns);
    CHECK(scores.rows >= pool.threadCount() && scores.columns >= firstPosition + tokens);
    const std::int64_t headsPerKvHead = queryHeads / cache.heads;
    pool.parallelFor(
        queryHeads * tokens, 1, [&](std::int64_t first, std::int64_t last, int worker) {
            for (std::int64_t index = first; index < last; ++index) {
                const std::int64_t t = index / queryHeads;
                const std::int64_t head = index % queryHeads;
                const auto positions = static_cast<std::size_t>(firstPosition + t + 1);
                attendHead(cache, head / headsPerKvHead, query.row(t).data() + head * cache.headDim,
                           scores.row(worker).first(positions),
                           attended.row(t).subspan(static_cast<std::size_t>(head * cache.headDim),
                                                   static_cast<std::size_t>(cache.headDim)));
            }
        });
}

}  // namespace apertura::kernels::reference
