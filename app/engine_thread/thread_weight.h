// How much of the processor the engine may take from the window.
#pragma once

namespace apertura {

// The calling thread, and the threads that it starts from now on, get a lower scheduling weight
// than the window's, so that typing and scrolling stay fluent while all cores compute. An idle
// machine runs them as fast.
void standBehindTheWindow();

}  // namespace apertura
