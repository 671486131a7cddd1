#include "inference/text/byte_alphabet.h"

namespace apertura {

namespace {

bool standsForItself(std::uint32_t byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

}  // namespace

ByteAlphabet::ByteAlphabet() {
    m_bytes.fill(-1);
    std::uint32_t next = 0x100;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t code = standsForItself(byte) ? byte : next++;
        m_bytes[code] = static_cast<std::int16_t>(byte);
        if (code < 0x80) {
            m_letters[byte] = std::string(1, static_cast<char>(code));
        } else {
            m_letters[byte] = {static_cast<char>(0xC0 | (code >> 6)),
                               static_cast<char>(0x80 | (code & 0x3F))};
        }
    }
}

void ByteAlphabet::spell(std::string_view bytes, std::string& letters) const {
    for (const char byte : bytes) {
        letters += letter(static_cast<unsigned char>(byte));
    }
}

bool ByteAlphabet::read(std::string_view letters, std::string& bytes) const {
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const auto lead = static_cast<unsigned char>(letters[i]);
        std::uint32_t code = lead;
        if (lead >= 0x80) {
            if (lead < 0xC2 || lead > 0xDF || i + 1 == letters.size()) {
                return false;
            }
            ++i;
            code = ((lead & 0x1Fu) << 6) | (static_cast<unsigned char>(letters[i]) & 0x3Fu);
        }
        if (code >= kEnd || m_bytes[code] < 0) {
            return false;
        }
        bytes += static_cast<char>(m_bytes[code]);
    }
    return true;
}

}  // namespace apertura
