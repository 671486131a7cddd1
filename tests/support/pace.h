// What tests of speed measure with, and how patient they are.
#pragma once

#include <time.h>

namespace apertura::test {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define APERTURA_SLOW_BUILD
#endif
#endif
// Limits are those of a release; sanitizers and unoptimized code may take so many times as long.
#if defined(APERTURA_SLOW_BUILD) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
inline constexpr double kPatience = 20.0;
#else
inline constexpr double kPatience = 1.0;
#endif

// Seconds of this thread's work, so that a busy machine does not count.
inline double workSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace apertura::test
