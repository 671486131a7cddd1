#include "inference/backend/cuda_plugin.h"

#include <dlfcn.h>
#include <filesystem>
#include <vector>

namespace apertura {

namespace {

namespace fs = std::filesystem;

// Where the library may lie.
std::vector<fs::path> candidates() {
    std::error_code failed;
    const fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
    if (failed) {
        return {};
    }
    return {folder / kCudaPluginFile,
            (folder / "../lib/apertura" / kCudaPluginFile).lexically_normal()};
}

CudaPluginAnswer openLibrary(const fs::path& file, const LoadOptions& options,
                             CudaPluginShared& shared) {
    // Never unloaded: the CUDA runtime registers what it does not take back.
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
        const char* const why = dlerror();
        return {nullptr, std::string("The CUDA part does not open: ") +
                             (why != nullptr ? why : "no reason given") + "."};
    }
    const auto make = reinterpret_cast<CudaPluginMake>(dlsym(library, kCudaPluginEntry));
    if (make == nullptr) {
        return {nullptr, file.string() + " is no CUDA part of this program."};
    }
    CudaPluginAnswer answer;
    make(kCudaPluginInterface, options, shared, answer);
    return answer;
}

}  // namespace

CudaPluginAnswer openCudaBackend(const LoadOptions& options, CudaPluginShared& shared) {
    for (const fs::path& file : candidates()) {
        std::error_code ignored;
        if (fs::exists(file, ignored)) {
            return openLibrary(file, options, shared);
        }
    }
    return {nullptr,
            std::string("There is no CUDA part (") + kCudaPluginFile + ") beside this program."};
}

}  // namespace apertura
