#include "inference/engine.h"

namespace apertura {

const char* finishReasonName(FinishReason reason) {
    switch (reason) {
        case FinishReason::stop:
            return "stop";
        case FinishReason::length:
            return "length";
        case FinishReason::context:
            return "context";
        case FinishReason::cancelled:
            break;
    }
    return "cancelled";
}

}  // namespace apertura
