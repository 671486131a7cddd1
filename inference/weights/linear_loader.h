// One linear of a checkpoint, whatever format its tensors have.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "inference/engine.h"
#include "inference/status.h"
#include "inference/weights/quantization_config.h"
#include "inference/weights/tensor_set.h"
#include "inference/weights/weight_storage.h"
#include "kernels/linear.h"

namespace apertura {

class AdapterSource;
class SinqSidecar;

// Where a module's name, sizes and surroundings come from while a checkpoint is read.
struct LoadContext {
    TensorSet& tensors;
    WeightStorage& storage;
    const QuantizationConfig& quantization;
    const SinqSidecar& sidecar;
    AdapterSource& adapters;
    std::stop_token stop;
};

struct LinearShape {
    std::string name;  // canonical, e.g. "model.layers.0.mlp.up_proj"
    std::int64_t outputs = 0;
    std::int64_t inputs = 0;
};

struct LoadedLinear {
    kernels::Linear linear;
    ModuleInfo info;
    std::int64_t weightBytes = 0;  // in memory, the adapter left out
    std::int64_t adapterBytes = 0;
    std::int64_t sourceBytes = 0;  // of the tensors it was made from
};

// Errors: fileCorrupt, fileMissing, unsupported, outOfMemory, cancelled.
Result<LoadedLinear> loadLinear(LoadContext& context, const LinearShape& shape);

}  // namespace apertura
