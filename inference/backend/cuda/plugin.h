// The door between the engine and the CUDA backend, which is a library of its own, opened at run
// time: the engine starts on machines without any of NVIDIA's libraries. No CUDA header in here.
#pragma once

#include <memory>
#include <string>

#include "inference/backend/backend.h"
#include "inference/options.h"

namespace apertura {

// Counts up with every change of what passes through this door (Backend and Sequence included), so
// that a library of another build is refused.
inline constexpr int kCudaPluginInterface = 6;
inline constexpr const char* kCudaPluginFile = "apertura_cuda.so";
inline constexpr const char* kCudaPluginEntry = "aperturaMakeCudaBackend";

struct CudaPluginAnswer {
    std::unique_ptr<Backend> backend;         // null where there is no usable device
    std::string reason;                       // why this device, or why none, in a sentence
    ErrorCode code = ErrorCode::unsupported;  // of the failure, where there is no backend
};

// What the backends of one engine have in common; the library makes it with the first of them and
// alone knows what it is.
using CudaPluginShared = std::shared_ptr<void>;

// The one symbol of the library, kCudaPluginEntry. Throws nothing.
using CudaPluginMake = void (*)(int interfaceNumber, const LoadOptions& options,
                                CudaPluginShared& shared, CudaPluginAnswer& answer);

}  // namespace apertura
