// One linear of a checkpoint, whatever format its tensors have.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "inference/status.h"
#include "inference/weights/quantization_config.h"
#include "inference/weights/tensor_set.h"
#include "inference/weights/weight_storage.h"
#include "kernels/linear.h"

namespace apertura {

class AdapterSource;
class PackedFile;
class PackedFileWriter;
class SinqSidecar;

// Where a module's name, sizes and surroundings come from while a checkpoint is read.
struct LoadContext {
    TensorSet& tensors;
    WeightStorage& storage;
    const QuantizationConfig& quantization;
    const SinqSidecar& sidecar;
    AdapterSource& adapters;
    std::stop_token stop;
    PackedFile* packed = nullptr;        // has what was converted before; null = convert
    PackedFileWriter* writer = nullptr;  // takes what is converted, whose arrays then go
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
    // The tensors that were converted; what is used as it lies in its file is not among them.
    std::vector<const Tensor*> sources;
    bool isConverted = false;  // the matrix is; otherwise at most its adapter
};

// Errors: fileCorrupt, fileMissing, unsupported, outOfMemory, cancelled.
Result<LoadedLinear> loadLinear(LoadContext& context, const LinearShape& shape);

}  // namespace apertura
