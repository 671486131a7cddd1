#include "inference/weights/linear_loader.h"

#include <algorithm>

#include "inference/weights/dense_loader.h"
#include "inference/weights/eora_loader.h"
#include "inference/weights/gptq_loader.h"
#include "inference/weights/sinq_loader.h"

namespace apertura {

namespace {

// Apertus has no biases. Some writers store zeros, which change nothing.
Result<void> refuseBias(LoadContext& context, const std::string& module) {
    const Tensor* bias = context.tensors.find(module + ".bias");
    if (bias == nullptr) {
        return {};
    }
    const auto bytes = bias->bytes();
    if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; })) {
        return {};
    }
    return bias->fault("is not zero; supported are linears without bias.", ErrorCode::unsupported);
}

Result<LoadedLinear> loadDense(LoadContext& context, const LinearShape& shape,
                               const Tensor& weight) {
    const auto matrix = loadDenseMatrix(weight, shape.outputs, shape.inputs, context.storage);
    if (!matrix) {
        return matrix.error();
    }
    LoadedLinear loaded;
    loaded.linear.blocks.push_back({0, *matrix});
    loaded.weightBytes = matrix->byteCount();
    loaded.sourceBytes = loaded.weightBytes;
    loaded.info.format = formatName(matrix->type);
    loaded.info.bits = static_cast<double>(8 * kernels::bytesPerNumber(matrix->type));
    return loaded;
}

// The tensors that are there decide the format.
Result<LoadedLinear> loadMatrix(LoadContext& context, const LinearShape& shape) {
    if (context.tensors.contains(shape.name + ".qweight")) {
        return loadGptqLinear(context, shape);
    }
    if (context.tensors.contains(shape.name + ".W_q")) {
        return loadSinqLinear(context, shape);
    }
    if (const Tensor* weight = context.tensors.find(shape.name + ".weight")) {
        return loadDense(context, shape, *weight);
    }
    return context.tensors.missing(shape.name + ".weight");
}

}  // namespace

Result<LoadedLinear> loadLinear(LoadContext& context, const LinearShape& shape) {
    if (context.stop.stop_requested()) {
        return Error{ErrorCode::cancelled, "Loading was stopped."};
    }
    if (auto fits = refuseBias(context, shape.name); !fits) {
        return fits.error();
    }
    auto loaded = loadMatrix(context, shape);
    if (!loaded) {
        return loaded.error();
    }
    auto adapter = context.adapters.load(shape);
    if (!adapter) {
        return adapter.error();
    }
    if (*adapter) {
        loaded->linear.adapter = **adapter;
        loaded->info.adapterRank = (*adapter)->rank();
        loaded->adapterBytes = (*adapter)->a.byteCount() + (*adapter)->b.byteCount();
        loaded->sourceBytes += loaded->adapterBytes;
    }
    loaded->linear.inputs = shape.inputs;
    loaded->linear.outputs = shape.outputs;
    loaded->info.name = shape.name;
    return loaded;
}

}  // namespace apertura
