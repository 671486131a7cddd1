// The sampling parameters by name: what is allowed, how they are read from JSON and written to it.
// Names are those of sampler.h; the command line's flags are the same with hyphens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "inference/options.h"
#include "inference/status.h"

namespace apertura {

// Whether every parameter is in its documented range, ids against `vocabularySize` where it is
// known. Errors: invalidRequest; one sentence names the first wrong parameter in the table's order,
// its range and the value: "top_p must be greater than 0 and at most 1, but is 1.5."
Result<void> validateSampling(const SamplingOptions& options,
                              std::optional<std::int64_t> vocabularySize = std::nullopt);

// `defaults` with what the JSON object names. Numbers that JSON cannot hold are "inf", "-inf",
// "nan" (and then out of range). Beside the table's names: `ignore_eos`, and `dry_breaker_texts`
// for breakers as texts, where `dry_sequence_breakers` are token ids. Errors: invalidRequest; an
// unknown name is refused by that name before all, then as validateSampling.
Result<SamplingOptions> parseSampling(const std::string& json,
                                      const SamplingOptions& defaults = {});

// One line of JSON that parseSampling reads back to the same options; every parameter is in it.
std::string samplingToJson(const SamplingOptions& options);

}  // namespace apertura
