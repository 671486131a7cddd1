// The letters that stand for bytes in the spelling of byte-level tokens (GPT-2's bytes_to_unicode):
// printable Latin-1 stands for itself, the other 68 bytes are U+0100 to U+0143 in order. "Ġ" is the
// space.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apertura {

// Threads: const members from any thread.
class ByteAlphabet {
public:
    ByteAlphabet();

    // The letter of a byte in UTF-8, one or two bytes.
    std::string_view letter(unsigned char byte) const { return m_letters[byte]; }
    // Appends the letters of `bytes`.
    void spell(std::string_view bytes, std::string& letters) const;
    // Appends the bytes that `letters` stand for. Returns false, with `bytes` unspecified beyond
    // its former end, where one is no letter of the alphabet.
    bool read(std::string_view letters, std::string& bytes) const;

private:
    static constexpr std::uint32_t kEnd = 0x144;  // one more than the largest letter
    std::array<std::string, 256> m_letters;
    std::array<std::int16_t, kEnd> m_bytes;  // of each code point, -1 where it is no letter
};

}  // namespace apertura
