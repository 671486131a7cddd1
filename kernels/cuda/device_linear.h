// A linear's matrices copied to the device: the same views, pointing into a DeviceArena.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "kernels/cuda/device/arena.h"
#include "kernels/linear.h"

namespace apertura::kernels::cuda {

// Arena bytes that toDevice() will take.
std::size_t deviceBytes(const DenseMatrix& matrix);
std::size_t deviceBytes(const QuantizedMatrix& matrix);
std::size_t deviceBytes(const Linear& linear);

// Brings one tensor to the device, or finds it there.
using PlaceTensor = std::function<const std::byte*(std::span<const std::byte> tensor)>;

// Each tensor that is not empty, in a fixed order, through `place`.
DenseMatrix toDevice(const DenseMatrix& matrix, const PlaceTensor& place);
QuantizedMatrix toDevice(const QuantizedMatrix& matrix, const PlaceTensor& place);
Linear toDevice(const Linear& linear, const PlaceTensor& place);

// To an arena of this linear's own.
//
// Requires: room in the arena. Order: the copies run on `stream`; the host memory stays alive until
// it has passed.
DenseMatrix toDevice(const DenseMatrix& matrix, DeviceArena& arena, Stream& stream);
QuantizedMatrix toDevice(const QuantizedMatrix& matrix, DeviceArena& arena, Stream& stream);
Linear toDevice(const Linear& linear, DeviceArena& arena, Stream& stream);

}  // namespace apertura::kernels::cuda
