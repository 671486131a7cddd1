#include "inference/weights/linear_loader.h"

#include <algorithm>

#include "inference/weights/dense_loader.h"
#include "inference/weights/eora_loader.h"
#include "inference/weights/gptq_loader.h"
#include "inference/weights/packed_file.h"
#include "inference/weights/packed_writer.h"
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

// The matrix, and the adapter if there is one, out of the packed file where that has them.
Result<LoadedLinear> loadParts(LoadContext& context, const LinearShape& shape) {
    const PackedModule* module = context.packed ? context.packed->find(shape.name) : nullptr;
    if (module != nullptr) {
        for (const std::string& source : module->sources) {
            if (context.tensors.find(source) == nullptr) {
                return context.packed->damaged(shape.name);
            }
        }
    }
    auto loaded = module != nullptr && !module->blocks.empty()
                      ? context.packed->loadMatrix(*module, shape, context.stop)
                      : loadMatrix(context, shape);
    if (!loaded) {
        return loaded;
    }
    auto adapter = module != nullptr && module->adapter
                       ? context.packed->loadAdapter(*module, shape, context.stop)
                       : context.adapters.load(shape);
    if (!adapter) {
        return adapter.error();
    }
    loaded->linear.adapter = *adapter;
    return loaded;
}

// Gives what was converted to the writer, and its memory back.
Result<void> writePacked(LoadContext& context, const LinearShape& shape, LoadedLinear& loaded) {
    using Adapter = PackedFileWriter::Adapter;
    const bool isMerged = loaded.linear.adapter.has_value() && context.adapters.areMerged();
    if (isMerged) {
        for (const char* half : {".lora_A", ".lora_B"}) {
            loaded.sources.push_back(context.tensors.find(shape.name + half));
        }
    }
    if (loaded.sources.empty()) {
        return {};
    }
    auto written =
        context.writer->add(loaded, isMerged ? Adapter::merged : Adapter::mapped, context.stop);
    context.storage.releaseArrays();
    return written;
}

}  // namespace

Result<LoadedLinear> loadLinear(LoadContext& context, const LinearShape& shape) {
    if (context.stop.stop_requested()) {
        return Error{ErrorCode::cancelled, "Loading was stopped."};
    }
    if (auto fits = refuseBias(context, shape.name); !fits) {
        return fits.error();
    }
    auto loaded = loadParts(context, shape);
    if (!loaded) {
        return loaded.error();
    }
    loaded->linear.inputs = shape.inputs;
    loaded->linear.outputs = shape.outputs;
    loaded->info.name = shape.name;
    if (context.writer != nullptr) {
        if (auto written = writePacked(context, shape, *loaded); !written) {
            return written.error();
        }
    }
    if (const auto& adapter = loaded->linear.adapter) {
        loaded->info.adapterRank = adapter->rank();
        loaded->adapterBytes = adapter->a.byteCount() + adapter->b.byteCount();
        loaded->sourceBytes += loaded->adapterBytes;
    }
    return loaded;
}

}  // namespace apertura
