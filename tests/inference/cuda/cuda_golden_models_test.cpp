// The CUDA backend, opened as the programs open it, against the results recorded beside golden
// checkpoints.
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/golden_models.h"

namespace apertura::test {

std::vector<Case> cases() {
    // 16-bit activations, keys and values in BF16, prompts multiplied in BF16.
    return goldenModelCases(BackendChoice::cuda, {0.35, 0.06, 5e-3}, missingDevice);
}

}  // namespace apertura::test
