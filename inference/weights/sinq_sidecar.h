// model.safetensors.index.json.meta.json: how SINQ quantized each module.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "inference/status.h"
#include "inference/weights/json_fields.h"

namespace apertura {

struct LinearShape;

enum class SinqLevels { uniform, nf4, nf3 };

// As ModuleInfo::format has it.
const char* formatName(SinqLevels levels);

struct SinqParameters {
    double declaredBits = 4;
    int bits = 4;  // of a stored code
    std::int64_t groupSize = 64;
    SinqLevels levels = SinqLevels::uniform;
};

class SinqSidecar {
public:
    // A missing file is no error here: the first module that needs it says so.
    // Errors: fileMissing (there, but unreadable), fileCorrupt.
    static Result<SinqSidecar> read(const std::filesystem::path& directory);
    static const char* fileName();

    // What the entry of a module says, checked against its shape in the model.
    // Errors: fileMissing (no sidecar), fileCorrupt; unsupported (a width, packing or option,
    // named).
    Result<SinqParameters> parametersOf(const LinearShape& shape) const;

private:
    bool m_isThere = false;
    std::map<std::string, Json> m_entries;  // by canonical module name
};

}  // namespace apertura
