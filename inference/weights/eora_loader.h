// EoRA low-rank adapters: y += B (A x), without further scaling. They come in two layouts:
//
//   merged   beside the module in the model's files:  MODULE.lora_A [I, R], MODULE.lora_B [R, O]
//   folder   adapter_config.json and adapter_model.safetensors (PEFT's layout):
//            base_model.model.MODULE.lora_A.weight [R, I], ...lora_B.weight [O, R], MODULE in lower
//            case
//
// The rank is each module's own, by the shapes: a rank asked for and cut to the module's width
// stays cut.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "inference/options.h"
#include "inference/status.h"
#include "inference/weights/tensor_set.h"
#include "inference/weights/weight_storage.h"
#include "kernels/linear.h"

namespace apertura {

struct LinearShape;

// The adapters that go with a checkpoint, by choice: what is found in its files, else in its folder
// "adapter"; those of another folder; or none.
class AdapterSource {
public:
    // `model` and `storage` outlive this.
    // Errors: fileMissing, fileCorrupt; unsupported (a PEFT adapter that is not as EoRA writes
    // them).
    static Result<AdapterSource> open(const std::filesystem::path& directory,
                                      const AdapterChoice& choice, TensorSet& model,
                                      WeightStorage& storage);

    // The adapter of a module, or nothing. Merged ones are transposed into the storage, others stay
    // mapped. Errors: fileCorrupt (a half missing, shapes that do not fit), unsupported,
    // outOfMemory.
    Result<std::optional<kernels::LowRankAdapter>> load(const LinearShape& shape);

    // Errors: fileCorrupt where the folder has an adapter for something that is no linear of the
    // model.
    Result<void> checkAllUsed() const;

    // Whether adapters in the model's own files are used.
    bool areMerged() const { return m_useMerged; }
    // Null where the adapters are not in a folder.
    const TensorSet* folderTensors() const { return m_folder; }
    const std::vector<std::string>& warnings() const { return m_warnings; }

private:
    Result<void> openFolder(const std::filesystem::path& folder, const std::string& label,
                            WeightStorage& storage);
    Result<std::optional<kernels::LowRankAdapter>> loadFromFolder(const LinearShape& shape);
    Result<std::optional<kernels::LowRankAdapter>> loadMerged(const LinearShape& shape);

    TensorSet* m_model = nullptr;
    TensorSet* m_folder = nullptr;
    WeightStorage* m_storage = nullptr;
    bool m_useMerged = false;
    std::vector<std::string> m_warnings;
};

}  // namespace apertura
