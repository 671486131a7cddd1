// Work of a stream recorded once, to be started again as one launch.
#pragma once

#include <cuda_runtime_api.h>
#include <functional>

#include "kernels/cuda/device/stream.h"

namespace apertura::kernels::cuda {

// What is recorded reads and writes the same memory at every launch, which outlives this.
// Threads: one at a time.
class Graph {
public:
    // Records what `work` gives to `stream`, and runs nothing of it. Errors: throws what `work`
    // throws, and CudaError where something in it cannot be recorded; the stream is of use
    // afterwards.
    Graph(Stream& stream, const std::function<void()>& work);
    ~Graph();
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    // Order: asynchronous on `stream`. Errors: throws CudaError if the launch is refused.
    void launch(Stream& stream);

private:
    cudaGraphExec_t m_executable = nullptr;
};

}  // namespace apertura::kernels::cuda
