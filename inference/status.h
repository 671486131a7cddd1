// How a function of ours says that something expected went wrong: a Result that holds either a
// value or an Error with one clear sentence. Broken invariants abort through CHECK
// (kernels/check.h) instead.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "kernels/check.h"

namespace apertura {

enum class ErrorCode {
    fileMissing,  // a file or folder is not there or cannot be read
    fileCorrupt,  // a file is there, but its content contradicts itself or its siblings
    unsupported,  // well-formed, but nothing that Apertura runs; the sentence says what it does run
    invalidRequest,   // the caller asked for something outside the documented range
    contextTooSmall,  // the prompt does not fit the context
    outOfMemory,
    storageFull,    // disk full or quota exceeded
    storageFailed,  // another failure of reading or writing storage
    cancelled,      // stopped on request; no fault
    deviceLost,     // a device (GPU, server) failed while working
};

// One failure. `message` is one sentence for a person, ending in a full stop, naming the file and
// the field where there are any: "model.safetensors: model.norm.weight has dtype I64, but a norm is
// BF16, F16 or F32."
struct Error {
    ErrorCode code = ErrorCode::invalidRequest;
    std::string message;
    int line = 0;  // 1-based line in a text such as a chat template; 0 where there is none
};

// Either a value or an Error. Ask ok() (or test it as bool) before value().
// Requires: value() on success only, error() on failure only; anything else aborts.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : m_content(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_content(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return m_content.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & {
        CHECK(ok());
        return std::get<0>(m_content);
    }
    const T& value() const& {
        CHECK(ok());
        return std::get<0>(m_content);
    }
    T&& value() && {
        CHECK(ok());
        return std::get<0>(std::move(m_content));
    }
    const Error& error() const {
        CHECK(!ok());
        return std::get<1>(m_content);
    }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }

private:
    std::variant<T, Error> m_content;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : m_error(std::move(error)), m_ok(false) {}

    bool ok() const { return m_ok; }
    explicit operator bool() const { return m_ok; }
    const Error& error() const {
        CHECK(!m_ok);
        return m_error;
    }

private:
    Error m_error;
    bool m_ok = true;
};

// The code's stable name for logs and JSON, e.g. "fileCorrupt".
const char* errorCodeName(ErrorCode code);

}  // namespace apertura
