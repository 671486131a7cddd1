// A linear quantized by SINQ, of any width and tiling:
//
//   MODULE.W_q                codes, packed as the sidecar says unless there is one per element
//   MODULE.meta.scale, .zero  f16 [G, 1], G = O I / groupSize; or, with "quantAux", codes of them
//                             (.x u8) with a scale and an offset per column (.s, .m f16)
//   MODULE.meta.scale2        f16 [1, I]; with 2D tiling [tiles, 1, groupSize]
//
//   W[o, i] = (code[o, i] - zero[t]) * scale[t] * scale2[i]
//
// where t counts the groups along the rows (1D), or the rows of square tiles of groupSize (2D). The
// sidecar model.safetensors.index.json.meta.json describes every module.
#pragma once

#include "inference/status.h"
#include "inference/weights/linear_loader.h"

namespace apertura {

// Errors: as loadLinear. Requires: the module has a W_q.
Result<LoadedLinear> loadSinqLinear(LoadContext& context, const LinearShape& shape);

}  // namespace apertura
