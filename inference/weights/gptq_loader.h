// A linear quantized by GPTQ, as GPTQModel and its relatives store it:
//
//   qweight [ceil(I b / 32), O] i32  codes of b bits, a stream along the inputs
//   qzeros  [G, ceil(O b / 32)] i32  zeros, a stream along the outputs
//   scales  [G, O] f16
//   g_idx   [I] i32                  group of each input; i / groupSize without act-order
//
//   W[o, i] = scales[g, o] * (code[o, i] - zero[g, o]),   g = g_idx[i]
//
// Streams fill words from the least significant bits on. Format "gptq" stores each zero less one.
// 3-bit codes straddle words: 32 of them fill three.
#pragma once

#include "inference/status.h"
#include "inference/weights/linear_loader.h"

namespace apertura {

// Errors: as loadLinear. Requires: the module has a qweight.
Result<LoadedLinear> loadGptqLinear(LoadContext& context, const LinearShape& shape);

}  // namespace apertura
