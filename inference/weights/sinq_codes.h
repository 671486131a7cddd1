// How SINQ packs codes: the flat sequence of O I codes is cut into equal blocks of rows of the
// group size, and one word holds a code of each block, the first block in the highest bits.
#pragma once

#include <cstdint>
#include <span>

#include "inference/status.h"
#include "inference/weights/tensor_set.h"

namespace apertura {

struct SinqCodes {
    const Tensor* tensor = nullptr;
    int bits = 4;             // of a code
    int blocks = 1;           // codes in a word; 1 = one code per byte
    std::int64_t stride = 0;  // elements of a block, which is the number of words

    // Codes [first, first + codes.size()) of the flat sequence.
    void unpack(std::int64_t first, std::span<std::uint8_t> codes) const;
};

// Checks W_q against the number of codes: one per byte, or packed for `bits` with rows of
// `groupSize`. The number of elements decides, for the sidecar's own word on it can be stale.
// Errors: fileCorrupt (neither fits, or a code that `bits` cannot hold).
Result<SinqCodes> describeSinqCodes(const Tensor& tensor, int bits, std::int64_t count,
                                    std::int64_t groupSize);

}  // namespace apertura
