// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3" (SC'11): a block of four words is a function of counter and key alone, so token t can be
// drawn again without the ones before it.
#pragma once

#include <array>
#include <cstdint>

namespace apertura::sampling {

using PhiloxBlock = std::array<std::uint32_t, 4>;

constexpr PhiloxBlock philox4x32(PhiloxBlock x, std::uint32_t key0, std::uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * x[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * x[2];
        x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ key0, static_cast<std::uint32_t>(b),
             static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ key1, static_cast<std::uint32_t>(a)};
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    return x;
}

// The block of token `index` of an answer.
constexpr PhiloxBlock blockOfToken(std::uint64_t seed, std::uint64_t index) {
    return philox4x32(
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), 0, 0},
        static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

// Two words to a double in [0, 1), a multiple of 2^-53.
constexpr double uniformOf(std::uint32_t low, std::uint32_t high) {
    const std::uint64_t word = low + (std::uint64_t{high} << 32);
    return static_cast<double>(word >> 11) * 0x1p-53;
}

// What one token needs: two independent numbers, so that switching XTC on shifts no draw.
struct TokenUniforms {
    double draw = 0.0;
    double xtc = 0.0;
};

constexpr TokenUniforms uniformsOfToken(std::uint64_t seed, std::uint64_t index) {
    const PhiloxBlock block = blockOfToken(seed, index);
    return {uniformOf(block[0], block[1]), uniformOf(block[2], block[3])};
}

static_assert(philox4x32({0, 0, 0, 0}, 0, 0) ==
              PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});

}  // namespace apertura::sampling
