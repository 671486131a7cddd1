// Row blocks of a quantized matrix times the activations of some tokens, by one warp.
#pragma once

#include <type_traits>
#include <utility>

#include "kernels/cuda/device/packed_weight.h"
#include "kernels/cuda/device/quantized_run.h"
#include "kernels/cuda/device/row_sums.h"

namespace apertura::kernels::cuda {

// visit(integral constant) for 0 .. kCount - 1.
template <int kCount, int kFirst = 0, typename Visit>
__device__ inline void forEachIndex(const Visit& visit) {
    if constexpr (kFirst < kCount) {
        visit(std::integral_constant<int, kFirst>());
        forEachIndex<kCount, kFirst + 1>(visit);
    }
}

// A lane's way through neighbouring row blocks, a record of activations and the weights that it
// multiplies at a time.
template <CodeBits bits, ZeroKind zeros, int kBlocks, int kTokens>
class RowAccumulator {
public:
    // What is beyond the last row block is the last one again.
    __device__ RowAccumulator(const PackedWeight& weight, int block, const ActivationPlanes& x)
        : m_weight(weight),
          m_x(x),
          m_records(static_cast<int>(activationGroups(x.inputs))),
          m_halves(laneHalves()) {
        const int firstRow = threadIdx.x % kTeamLanes * kLaneRows;
        const std::int64_t bytes = static_cast<std::int64_t>(weight.runs) * kRunBytes<bits>;
        m_codes =
            weight.codes + block * bytes + firstRow * 4 + m_halves.first * kRunBytes<bits> / 2;
        const int last = (block + kBlocks - 1) * static_cast<int>(kBlockRows);
        m_blockBytes = last < weight.outputs ? bytes : 0;
        m_scaleAt = block * weight.groups * static_cast<int>(kBlockRows) + firstRow;
        m_blockScales = last < weight.outputs ? weight.groups * static_cast<int>(kBlockRows) : 0;
    }

    // Adds a whole record, of one token, to `sums`: groups of kSpanRuns runs, or one of 4 that may
    // be part of a larger one.
    template <int kSpanRuns>
    __device__ void addRecord(int record, RowSums<kBlocks, kTokens>& sums) const {
        static_assert(kTokens == 1);
        constexpr int kSpans = kMostSpanRuns / kSpanRuns;
        const ActivationRecord& from = m_x.records[record];
        const Halves planes = planesOf(record, 0);
        const std::byte* const codes = codesAt(record * kMostSpanRuns);
        const int firstGroup = kSpans * groupOf(record);
        forEachIndex<kSpans>([&](auto span) {
            Products products;
            products.inputSums[0] = inputSum<kSpanRuns>(from, span.value);
            const int scaleAt = scaleOf(firstGroup + span.value);
            start(scaleAt, products);
            forEachIndex<kSpanRuns>([&](auto step) {
                constexpr int kRun = span.value * kSpanRuns + step.value;
                RunCodes<bits> words[kBlocks];
                load<kRun * kRunBytes<bits>>(codes, words);
                addRun(words, planes.after(kRun * kRunInputs), 0, products);
            });
            finish(scaleAt, products, &from, sums);
        });
    }

    // Adds what there is of a record, of all tokens.
    __device__ void addAnyRecord(int record, RowSums<kBlocks, kTokens>& sums) const {
        const int firstRun = record * kMostSpanRuns;
        const int runs = min(m_weight.runs - firstRun, kMostSpanRuns);
        for (int run = 0; run < runs; run += m_weight.spanRuns) {
            Products products;
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                products.inputSums[t] = 0;
                for (int step = 0; step < m_weight.spanRuns; ++step) {
                    products.inputSums[t] += m_x.records[t * m_records + record].sum[run + step];
                }
            }
            const int scaleAt = scaleOf(groupOf((firstRun + run) / m_weight.spanRuns));
            start(scaleAt, products);
            for (int step = 0; step < m_weight.spanRuns; ++step) {
                RunCodes<bits> words[kBlocks];
                load<0>(codesAt(firstRun + run + step), words);
#pragma unroll
                for (int t = 0; t < kTokens; ++t) {
                    addRun(words, planesOf(t * m_records + record, run + step), t, products);
                }
            }
            finish(scaleAt, products, m_x.records + record, sums);
        }
    }

private:
    // With few tokens the products stay apart to the end of a group.
    static constexpr bool kFoldsRuns = kTokens > 2;
    // Whether they are left 16 times too large: with a zero of 4 bits they fit.
    static constexpr bool kIsSixteenfold =
        bits == CodeBits::four && zeros == ZeroKind::symmetric && !kFoldsRuns;

    struct Products {
        RowProducts<bits> rows[kBlocks][kTokens][kLaneRows];
        int inputSums[kTokens];
    };
    // Where the lane's halves of a run begin in the plane of high bytes; that of low ones is
    // beside.
    struct Halves {
        const std::int8_t* first;
        const std::int8_t* second;

        __device__ Halves after(int bytes) const { return {first + bytes, second + bytes}; }
    };

    template <int kSpanRuns>
    __device__ static int inputSum(const ActivationRecord& record, int span) {
        if constexpr (kSpanRuns == kMostSpanRuns) {
            const int4 byRun = *reinterpret_cast<const int4*>(record.sum);
            return byRun.x + byRun.y + (byRun.z + byRun.w);
        } else {
            const int2 byRun = reinterpret_cast<const int2*>(record.sum)[span];
            return byRun.x + byRun.y;
        }
    }
    __device__ int groupOf(int span) const {
        return m_weight.spansPerGroup == 1 ? span : span / m_weight.spansPerGroup;
    }
    // Of the lane's first row in the first row block.
    __device__ int scaleOf(int group) const {
        return m_scaleAt + group * static_cast<int>(kBlockRows);
    }
    __device__ Halves planesOf(int record, int run) const {
        const int at = record * static_cast<int>(sizeof(ActivationRecord)) + run * kRunInputs +
                       m_halves.first * kRunInputs / 2;
        const std::int8_t* const first = m_x.records->high + at;
        return {first, first + m_halves.other * kRunInputs / 2};
    }
    __device__ const std::byte* codesAt(int run) const {
        return m_codes + static_cast<std::int64_t>(run) * kRunBytes<bits>;
    }
    template <int offset>
    __device__ void load(const std::byte* codes, RunCodes<bits> (&words)[kBlocks]) const {
#pragma unroll
        for (int b = 0; b < kBlocks; ++b) {
            const std::byte* const first = codes + b * m_blockBytes;
            words[b] = loadRun<bits, offset>(first, first + m_halves.other * kRunBytes<bits> / 2);
        }
    }
    // Begins a group whose inputs have been added up.
    __device__ void start(int scaleAt, Products& products) const {
#pragma unroll
        for (int b = 0; b < kBlocks; ++b) {
            const RowOffsets<zeros> offsets(m_weight, scaleAt + b * m_blockScales);
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
#pragma unroll
                for (int r = 0; r < kLaneRows; ++r) {
                    products.rows[b][t][r].start(offsets.offset(r, products.inputSums[t]));
                }
            }
        }
    }
    // A run, for token t.
    __device__ static void addRun(const RunCodes<bits> (&words)[kBlocks], const Halves& planes,
                                  int t, Products& products) {
        const Halves lowPlane = planes.after(kActivationGroup);
        const RunPlane high = loadPlane(planes.first, planes.second);
        const RunPlane low = loadPlane(lowPlane.first, lowPlane.second);
#pragma unroll
        for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
            for (int r = 0; r < kLaneRows; ++r) {
                products.rows[b][t][r].add(words[b], r, high, low);
                if constexpr (kFoldsRuns) {
                    products.rows[b][t][r].fold();
                }
            }
        }
    }
    // Adds a group's products, scaled. `record` is the first token's.
    __device__ void finish(int scaleAt, Products& products, const ActivationRecord* record,
                           RowSums<kBlocks, kTokens>& sums) const {
#pragma unroll
        for (int b = 0; b < kBlocks; ++b) {
            const int at = scaleAt + b * m_blockScales;
            const RowValues scale = loadHalves(m_weight.scales + at);
            RowValues zero = {};
            if constexpr (zeros == ZeroKind::real) {
                zero = loadHalves(m_weight.realZeros + at);
            }
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                const float xScale =
                    record[t * m_records].scale * (kIsSixteenfold ? 0.0625F : 1.0F);
#pragma unroll
                for (int r = 0; r < kLaneRows; ++r) {
                    RowProducts<bits>& row = products.rows[b][t][r];
                    auto product =
                        static_cast<float>(kIsSixteenfold ? row.sixteenfold() : row.total());
                    if constexpr (zeros == ZeroKind::real) {
                        product -= zero.row[r] * static_cast<float>(products.inputSums[t]);
                    }
                    sums.at(b, t, r) += scale.row[r] * xScale * product;
                }
            }
        }
    }

    const PackedWeight& m_weight;
    const ActivationPlanes& m_x;
    const int m_records;  // of a token
    const LaneHalves m_halves;
    const std::byte* m_codes;   // run 0 of the first row block: the lane's rows, its first half
    std::int64_t m_blockBytes;  // from one row block to the next; 0 where there is no next
    int m_scaleAt;              // of the lane's first row in group 0 of the first row block
    int m_blockScales;          // as m_blockBytes
};

// Adds the lane's share of the records of activations `worker`, `worker` + `workers`, .. (in units
// of 8 records) to `sums`, for kBlocks row blocks from `block` on. The planes may lie in shared or
// global memory.
//
// The runs of a group share all scales and zeros, so that its products stay integers to the end.
template <CodeBits bits, ZeroKind zeros, int kBlocks, int kTokens>
__device__ inline void accumulateRows(const PackedWeight& weight, int block, int worker,
                                      int workers, const ActivationPlanes& x,
                                      RowSums<kBlocks, kTokens>& sums) {
    const RowAccumulator<bits, zeros, kBlocks, kTokens> rows(weight, block, x);
    const int team = threadIdx.x % kWarpLanes / kTeamLanes;
    const int records = static_cast<int>(activationGroups(x.inputs));
    const auto forEachRecord = [&](const auto& add) {
        for (int record = worker * kTeams + team; record < records; record += workers * kTeams) {
            add(record);
        }
    };
    // Real zeros of 8-bit codes need more registers than whole records leave.
    constexpr bool kTakesRecords =
        kTokens == 1 && (bits == CodeBits::four || zeros != ZeroKind::real);
    if constexpr (kTakesRecords) {
        if (weight.spanRuns == kMostSpanRuns) {
            return forEachRecord([&](int record) { rows.template addRecord<4>(record, sums); });
        }
        if (weight.spanRuns == 2 && weight.spansPerGroup == 1 && weight.runs % 4 == 0) {
            return forEachRecord([&](int record) { rows.template addRecord<2>(record, sums); });
        }
    }
    forEachRecord([&](int record) { rows.addAnyRecord(record, sums); });
}

}  // namespace apertura::kernels::cuda
