// Whether an op's result takes the place of what was there or joins it.
#pragma once

namespace apertura::kernels::cuda {

enum class Store { replace, add };

}  // namespace apertura::kernels::cuda
