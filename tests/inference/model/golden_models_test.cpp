// The reference backend against the results recorded beside golden checkpoints.
#include "tests/support/golden_models.h"

namespace apertura::test {

std::vector<Case> cases() {
    // What a float32 engine without any other rounding keeps by far.
    return goldenModelCases(BackendChoice::reference, {0.02, 0.005, 1e-4});
}

}  // namespace apertura::test
