// Opens the CUDA backend's library, which lies beside the program or in ../lib/apertura.
#pragma once

#include "inference/backend/cuda/plugin.h"
#include "inference/options.h"

namespace apertura {

// The library stays open until the program ends. Where there is none, or one of NVIDIA's own is
// missing, the answer's reason says so.
CudaPluginAnswer openCudaBackend(const LoadOptions& options, CudaPluginShared& shared);

}  // namespace apertura
