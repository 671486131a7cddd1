#include "inference/backend/cuda/fused_feedforward.h"

#include "inference/backend/cuda/linear.h"
#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/feedforward_up.h"
#include "kernels/cuda/quantize_activations.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::cuda {

namespace {

namespace ops = kernels::cuda;
using kernels::Matrix;
using kernels::QuantizedMatrix;

// A block of `up` owns neighbouring outputs: where `down` takes its inputs in an order of its own,
// what shares a scale there comes from many blocks.
bool takesPlanesOfUp(const QuantizedMatrix& down) {
    return down.inputOrder.empty();
}

}  // namespace

bool canFuseFeedforward(const DeviceLayer& layer, std::int64_t tokens) {
    const QuantizedMatrix* const up = fusableMatrix(layer.up);
    return up != nullptr && fusableMatrix(layer.down) != nullptr &&
           ops::fitsFeedforwardUp(*up, tokens);
}

void addFusedFeedforward(const DeviceLayer& layer, float eps, Matrix<float> hidden,
                         Matrix<float> feedforward, const SequenceBuffers& buffers,
                         ops::Stream& stream) {
    const QuantizedMatrix& up = *fusableMatrix(layer.up);
    const QuantizedMatrix& down = *fusableMatrix(layer.down);
    const ops::ActivationPlanes planes = buffers.planesOf(hidden.rows, down.inputs);

    ops::Activated activated;
    activated.xielu = layer.xielu;
    if (takesPlanesOfUp(down)) {
        activated.planes = planes;
        activated.inputScale = down.inputScale.data();
    }
    if (!takesPlanesOfUp(down) || layer.up.adapter || layer.down.adapter) {
        activated.numbers = feedforward;
    }
    const ops::AdapterRows upRows = adapterRows(layer.up, hidden.rows, buffers);
    ops::feedforwardUp(up, {hidden, layer.feedforwardNorm, eps}, upRows, activated, stream);
    if (layer.up.adapter) {
        ops::finishFeedforwardUp(layer.up.adapter->b, upRows.low, activated, stream);
    }
    if (!takesPlanesOfUp(down)) {
        ops::quantizeActivations(feedforward, down.inputScale.data(), down.inputOrder.data(),
                                 planes, stream);
    }
    const ops::AdapterRows downRows = adapterRows(layer.down, hidden.rows, buffers);
    ops::addQuantizedMatmul(down, planes, hidden, downRows, feedforward, stream);
    if (layer.down.adapter) {
        ops::denseMatmul(layer.down.adapter->b, downRows.low, hidden, ops::Store::add, stream);
    }
}

}  // namespace apertura::cuda
