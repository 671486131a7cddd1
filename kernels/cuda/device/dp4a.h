// Products and sums of integers in one instruction (dp4a: sm_61 and newer).
#pragma once

namespace apertura::kernels::cuda {

// sum + dot of four unsigned bytes of `a` with four signed bytes of `b`.
__device__ inline int dp4aUnsignedSigned(unsigned a, int b, int sum) {
    int result;
    asm("dp4a.u32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

// sum + dot of four signed bytes each.
__device__ inline int dp4aSigned(int a, int b, int sum) {
    return __dp4a(a, b, sum);
}

// a * b + c, also where b is a power of two and the compiler would shift and add.
__device__ inline int multiplyAdd(int a, int b, int c) {
    int result;
    asm("mad.lo.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

}  // namespace apertura::kernels::cuda
