#include "inference/weights/sinq_sidecar.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "inference/weights/linear_loader.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSidecarBytes = 8 << 20;

void readWidth(FieldReader& fields, SinqParameters& parameters) {
    parameters.declaredBits = fields.number("nbits", -1e9, 1e9);
    static constexpr std::array kWidths = {1.0, 1.58, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0};
    if (std::find(kWidths.begin(), kWidths.end(), parameters.declaredBits) == kWidths.end()) {
        fields.refuse(ErrorCode::unsupported, "nbits",
                      "is " + Json(parameters.declaredBits).dump() +
                          "; supported are 1, 1.58, 2, 3, 4, 5, 6 and 8.");
        return;
    }
    parameters.bits = static_cast<int>(std::ceil(parameters.declaredBits));
    const std::string method = fields.text("method", "sinq");
    if (method.find("nf4") != std::string::npos && parameters.bits == 4) {
        parameters.levels = SinqLevels::nf4;
    } else if (method.find("nf3") != std::string::npos && parameters.bits == 3) {
        parameters.levels = SinqLevels::nf3;
    } else if (method.find("nf") != std::string::npos) {
        fields.refuse(
            ErrorCode::unsupported, "method",
            "is " + quoted(method) + "; of these supported are nf4 with 4 and nf3 with 3 bits.");
    }
}

void readLayout(FieldReader& fields, const Json& meta, const LinearShape& shape,
                SinqParameters& parameters) {
    parameters.groupSize = fields.integer("group_size", 1, shape.inputs, shape.inputs);
    if (shape.inputs % parameters.groupSize != 0 || parameters.groupSize % 8 != 0) {
        fields.refuse(ErrorCode::fileCorrupt, "group_size",
                      "is " + std::to_string(parameters.groupSize) + ", which does not cut the " +
                          std::to_string(shape.inputs) + " inputs into groups of a multiple of 8.");
    }
    if (fields.has("shape") && meta["shape"] != Json::array({shape.outputs, shape.inputs})) {
        fields.refuse(ErrorCode::fileCorrupt, "shape",
                      "is " + shown(meta["shape"].dump()) + ", but config.json asks for " +
                          shapeText({shape.outputs, shape.inputs}) + ".");
    }
    static constexpr std::array<std::string_view, 8> kPackings = {
        "1bit_u8", "2bit_u8", "3bit_32", "4bit_u8", "5bit_32", "6bit_32", "8bit_u8", ""};
    const std::string packing = fields.text("packing", "");
    if (std::find(kPackings.begin(), kPackings.end(), packing) == kPackings.end()) {
        fields.refuse(ErrorCode::unsupported, "packing",
                      "is " + quoted(packing) +
                          "; supported are 1bit_u8, 2bit_u8, 3bit_32, 4bit_u8, "
                          "5bit_32, 6bit_32 and 8bit_u8.");
    }
    if (fields.integer("axis", INT32_MIN, INT32_MAX, 1) != 1) {
        fields.refuse(ErrorCode::unsupported, "axis",
                      "is not 1, along which groups are supported.");
    }
    if (fields.boolean("view_as_float", false)) {
        fields.refuse(ErrorCode::unsupported, "view_as_float", "is true; supported is false.");
    }
    if (fields.has("awq_scale")) {
        fields.refuse(ErrorCode::unsupported, "awq_scale",
                      "is given; supported are checkpoints that have it in scale2.");
    }
}

}  // namespace

const char* formatName(SinqLevels levels) {
    switch (levels) {
        case SinqLevels::uniform:
            return "sinq";
        case SinqLevels::nf4:
            return "sinq-nf4";
        case SinqLevels::nf3:
            return "sinq-nf3";
    }
    return "";
}

const char* SinqSidecar::fileName() {
    return "model.safetensors.index.json.meta.json";
}

Result<SinqSidecar> SinqSidecar::read(const fs::path& directory) {
    SinqSidecar sidecar;
    if (!isThere(directory / fileName())) {
        return sidecar;
    }
    const auto text = readTextFile(directory / fileName(), fileName(), kSidecarBytes);
    if (!text) {
        return text.error();
    }
    const auto root = parseJsonObject<nlohmann::json>(*text, fileName());
    if (!root) {
        return root.error();
    }
    sidecar.m_isThere = true;
    for (const auto& [name, entry] : root->items()) {
        if (!entry.is_object()) {
            return fileError(ErrorCode::fileCorrupt, fileName(),
                             "the entry " + quoted(name) + " is not an object.");
        }
        sidecar.m_entries[canonicalName(name)] = Json(entry);
    }
    return sidecar;
}

Result<SinqParameters> SinqSidecar::parametersOf(const LinearShape& shape) const {
    if (!m_isThere) {
        return fileError(
            ErrorCode::fileMissing, fileName(),
            "the file is missing, but " + shape.name + " is quantized by SINQ and needs it.");
    }
    const auto entry = m_entries.find(shape.name);
    if (entry == m_entries.end()) {
        return fileError(ErrorCode::fileCorrupt, fileName(),
                         "there is no entry for " + shape.name + ", which has a W_q.");
    }
    FieldReader outer(entry->second, fileName(), shape.name + ": ");
    if (!outer.has("meta") || !entry->second["meta"].is_object()) {
        outer.refuse(ErrorCode::fileCorrupt, "meta", "is missing or not an object.");
        return *outer.error();
    }
    const Json& meta = entry->second["meta"];
    FieldReader fields(meta, fileName(), shape.name + ": ");
    SinqParameters parameters;
    readWidth(fields, parameters);
    readLayout(fields, meta, shape, parameters);
    if (fields.error()) {
        return *fields.error();
    }
    return parameters;
}

}  // namespace apertura
