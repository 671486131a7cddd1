// A linear quantized by GPTQ, as GPTQModel and its relatives store it:
//
//   qweight [ceil(I b / 32), O] i32   codes of b bits, a stream along the inputs, least significant
//   bits first qzeros  [G, ceil(O b / 32)] i32   zeros, a stream along the outputs; format "gptq"
//   stores each less one scales  [G, O] f16 g_idx   [I] i32                   group of each input;
//   i / groupSize unless act-order sorted them
//
//   W[o, i] = scales[g, o] * (code[o, i] - zero[g, o]),   g = g_idx[i]
//
// 3-bit codes straddle words: 32 of them fill three.
#pragma once

#include "inference/status.h"
#include "inference/weights/linear_loader.h"

namespace apertura {

// Errors: as loadLinear. Requires: the module has a qweight.
Result<LoadedLinear> loadGptqLinear(LoadContext& context, const LinearShape& shape);

}  // namespace apertura
