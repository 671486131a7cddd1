// Writes small checkpoints for loader tests: safetensors files, configs, in a folder that goes when
// it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace apertura::test {

// A new empty folder below the system's temporary one, or another, removed with this.
class TemporaryFolder {
public:
    TemporaryFolder() : TemporaryFolder(std::filesystem::temp_directory_path()) {}
    explicit TemporaryFolder(const std::filesystem::path& parent);
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

void writeText(const std::filesystem::path& file, const std::string& text);

// A safetensors file in the making; tensors lie in the order they are added.
class SafetensorsWriter {
public:
    template <typename T>
    void add(const std::string& name, const char* dtype, const std::vector<std::int64_t>& shape,
             const std::vector<T>& values) {
        addBytes(name, dtype, shape, reinterpret_cast<const char*>(values.data()),
                 values.size() * sizeof(T));
    }
    // BF16, all of one value.
    void addConstant(const std::string& name, const std::vector<std::int64_t>& shape, float value);
    // Takes tensors out again whose names begin so.
    void remove(const std::string& prefix);
    void write(const std::filesystem::path& file) const;

private:
    struct Entry {
        std::string name;
        std::string dtype;
        std::vector<std::int64_t> shape;
        std::string bytes;
    };
    void addBytes(const std::string& name, const char* dtype,
                  const std::vector<std::int64_t>& shape, const char* bytes, std::size_t count);

    std::vector<Entry> m_entries;
};

// A whole checkpoint of one layer, all weights BF16: hidden 32, 2 heads over 1 KV head of 16, MLP
// 48, vocabulary 40. Tests change what they are about and write it.
struct TinyCheckpoint {
    static constexpr std::int64_t kHidden = 32;
    static constexpr std::int64_t kIntermediate = 48;

    explicit TinyCheckpoint(std::int64_t intermediate = kIntermediate);
    void write(const std::filesystem::path& folder) const;

    nlohmann::json config;
    SafetensorsWriter weights;
};

}  // namespace apertura::test
