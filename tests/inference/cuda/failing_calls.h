// Calls of the CUDA runtime and of cuBLAS that take something other than device memory (page-locked
// memory, streams, graphs, handles), made to fail for lack of memory: this program defines them
// itself, in front of the libraries, and passes on to those.
#pragma once

#include <cstdint>

namespace apertura::test {

// The n-th of these calls from now on fails, once. 0: none does.
void failCall(int n);
// The name of the call that has failed; null while none has.
const char* failedCall();
// How many of the things taken by these calls have not been given back.
std::int64_t thingsTaken();

}  // namespace apertura::test
