#include "inference/status.h"

namespace apertura {

const char* errorCodeName(ErrorCode code) {
    switch (code) {
        case ErrorCode::fileMissing:
            return "fileMissing";
        case ErrorCode::fileCorrupt:
            return "fileCorrupt";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::invalidRequest:
            return "invalidRequest";
        case ErrorCode::contextTooSmall:
            return "contextTooSmall";
        case ErrorCode::outOfMemory:
            return "outOfMemory";
        case ErrorCode::storageFull:
            return "storageFull";
        case ErrorCode::storageFailed:
            return "storageFailed";
        case ErrorCode::cancelled:
            return "cancelled";
        case ErrorCode::deviceLost:
            return "deviceLost";
    }
    return "unknown";
}

}  // namespace apertura
