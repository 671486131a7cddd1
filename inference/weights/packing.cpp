#include "inference/weights/packing.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <system_error>
#include <thread>

#include "kernels/check.h"

namespace apertura {

namespace {

// Below this a second thread costs more than it saves.
constexpr std::int64_t kBytesForThreads = 1 << 20;

// Rows unpacked at a time: four blocks, so that formats that store outputs side by side are read in
// runs of 256 bytes.
constexpr std::int64_t kRowsAtOnce = 4 * kernels::kBlockRows;

// The 32-bit lane of one row in one chunk.
std::uint32_t packLane(kernels::CodeBits bits, const std::uint8_t* codes) {
    std::uint32_t low = 0;
    std::memcpy(&low, codes, sizeof(low));
    if (bits == kernels::CodeBits::eight) {
        return low;
    }
    std::uint32_t high = 0;
    std::memcpy(&high, codes + 4, sizeof(high));
    return low | (high << 4);
}

}  // namespace

void packRowBlock(kernels::CodeBits bits, std::span<const std::uint8_t> codes, std::int64_t inputs,
                  std::span<std::byte> records) {
    const std::int64_t perChunk = kernels::inputsPerChunk(bits);
    const std::int64_t rows = static_cast<std::int64_t>(codes.size()) / inputs;
    CHECK(inputs % perChunk == 0 && rows <= kernels::kBlockRows);
    CHECK(static_cast<std::int64_t>(records.size()) == kernels::recordBytes(bits, inputs));
    for (std::int64_t row = 0; row < kernels::kBlockRows; ++row) {
        for (std::int64_t chunk = 0; chunk < inputs / perChunk; ++chunk) {
            const std::uint32_t lane =
                row < rows ? packLane(bits, codes.data() + row * inputs + chunk * perChunk) : 0;
            std::memcpy(records.data() + chunk * kernels::kChunkBytes + row * 4, &lane,
                        sizeof(lane));
        }
    }
}

Result<void> forEachRange(std::int64_t total, std::int64_t step, std::int64_t bytes,
                          const std::stop_token& stop,
                          const std::function<void(std::int64_t first, std::int64_t count)>& work) {
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr failure;  // of the thread that failed first
    const auto run = [&] {
        try {
            while (!stop.stop_requested() && !failed) {
                const std::int64_t first = next.fetch_add(step);
                if (first >= total) {
                    return;
                }
                work(first, std::min(step, total - first));
            }
        } catch (...) {
            if (!failed.exchange(true)) {
                failure = std::current_exception();
            }
        }
    };
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    const std::int64_t ranges = (total + step - 1) / step;
    const std::int64_t threads = bytes < kBytesForThreads ? 1 : std::min(cores, ranges);
    {
        std::vector<std::jthread> helpers;
        try {
            for (std::int64_t i = 1; i < threads; ++i) {
                helpers.emplace_back(run);
            }
        } catch (const std::system_error&) {
            // The system gives no more threads: those that there are do the work.
        }
        run();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (stop.stop_requested()) {
        return Error{ErrorCode::cancelled, "Loading was stopped."};
    }
    return {};
}

Result<kernels::QuantizedMatrix> packCodes(const MatrixShape& shape, kernels::CodeBits bits,
                                           const RowUnpacker& unpack, WeightStorage& storage,
                                           const std::stop_token& stop) {
    const std::int64_t size = kernels::codeBytes(bits, shape.outputs, shape.inputs);
    auto packed = storage.allocateBytes(size, WeightStorage::Content::undefined);
    if (!packed) {
        return packed.error();
    }
    const auto blockBytes = static_cast<std::size_t>(kernels::recordBytes(bits, shape.inputs));
    const auto packRange = [&](std::int64_t first, std::int64_t count) {
        std::vector<std::uint8_t> codes(static_cast<std::size_t>(count * shape.inputs));
        unpack(first, count, codes);
        for (std::int64_t row = 0; row < count; row += kernels::kBlockRows) {
            const std::int64_t rows = std::min(kernels::kBlockRows, count - row);
            const auto block = static_cast<std::size_t>((first + row) / kernels::kBlockRows);
            packRowBlock(bits,
                         std::span(codes).subspan(static_cast<std::size_t>(row * shape.inputs),
                                                  static_cast<std::size_t>(rows * shape.inputs)),
                         shape.inputs, packed->subspan(block * blockBytes, blockBytes));
        }
    };
    if (auto done = forEachRange(shape.outputs, kRowsAtOnce, size, stop, packRange); !done) {
        return done.error();
    }
    kernels::QuantizedMatrix matrix;
    matrix.inputs = shape.inputs;
    matrix.outputs = shape.outputs;
    matrix.groupSize = shape.groupSize;
    matrix.bits = bits;
    matrix.codes = *packed;
    return matrix;
}

}  // namespace apertura
