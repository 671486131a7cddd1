#include "app/engine_thread/thread_weight.h"

#include <sys/resource.h>

namespace apertura {

namespace {

// A third of the weight of nice 0 under Linux's scheduler (kernel/sched/core.c,
// sched_prio_to_weight): enough for the window to preempt at once, while the engine still gets a
// fair part beside other programs.
constexpr int kNice = 5;

}  // namespace

void standBehindTheWindow() {
    // On Linux the call is about the calling thread alone. Where it is refused, nothing is lost but
    // the weight.
    static_cast<void>(setpriority(PRIO_PROCESS, 0, kNice));
}

}  // namespace apertura
