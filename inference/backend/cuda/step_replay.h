// The layers of a pass of one token as a CUDA graph: recorded at a session's first such pass,
// replayed from the next on.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inference/backend/backend.h"
#include "kernels/cuda/device/graph.h"

namespace apertura::cuda {

class CudaSequence;

// Nothing is taken on trust: the first pass is computed both ways, recorded as if it stood at
// another position, and where a single bit of the residual stream differs, or recording fails, the
// session stays with the eager way.
// Threads: one at a time.
class StepReplay {
public:
    // Gives the work of a pass's layers to the sequence's stream.
    using Layers = std::function<void(const Pass& pass)>;

    // Runs the layers of a pass of one token, whose residual stream has just been sent; false where
    // it leaves them to the caller. Errors: throws CudaError, and what `layers` throws.
    bool run(const Pass& pass, CudaSequence& sequence, const Layers& layers);

    // "graph", or "eager: " and why; empty before the first pass.
    const std::string& description() const { return m_description; }

private:
    enum class State { untried, trusted, refused };

    void tryOut(const Pass& pass, CudaSequence& sequence, const Layers& layers);
    void record(CudaSequence& sequence, const Layers& layers);
    void replay(const Pass& pass, CudaSequence& sequence);
    void refuse(const std::string& why);

    State m_state = State::untried;
    std::string m_description;
    std::optional<kernels::cuda::Graph> m_graph;
};

}  // namespace apertura::cuda
