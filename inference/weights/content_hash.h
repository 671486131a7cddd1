// A fingerprint of a checkpoint that does not read all of it.
#pragma once

#include <memory>
#include <string>

#include "inference/weights/weight_file.h"

struct XXH3_state_s;

namespace apertura {

// XXH3-128 over what is added, in order:
// - of a text: its label, its length and all of it;
// - of a weight file: its header, and of each tensor, in the order of their bytes, the first, the
//   middle and the last 4 KiB (a tensor of up to 12 KiB whole).
//
// So two checkpoints that differ in any name, shape, type or setting differ here, and so do two
// trainings or quantizations of one model; a single changed byte in the midst of a large tensor
// does not show.
class ContentHasher {
public:
    ContentHasher();
    void addText(const std::string& label, const std::string& text);
    void addFile(const WeightFile& file);
    // 32 lower-case hex digits.
    std::string hex() const;

private:
    void addBytes(std::span<const std::byte> bytes);

    struct Free {
        void operator()(XXH3_state_s* state) const;
    };
    std::unique_ptr<XXH3_state_s, Free> m_state;
};

}  // namespace apertura
