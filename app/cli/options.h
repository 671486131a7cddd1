// The flags that several commands share, and what they make of them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli/output.h"
#include "inference/engine.h"
#include "inference/sampling/sampling_parameters.h"

namespace apertura::cli {

// A flag that takes one text each time it is given. `take` gets all of them, exactly as typed;
// where it returns false, that is a usage error.
CLI::Option* addRepeatable(CLI::App& command, const std::string& name,
                           std::function<bool(const std::vector<std::string>&)> take,
                           const std::string& description);
// `--name 1,2,3`; what is no list of numbers is a usage error.
CLI::Option* addIds(CLI::App& command, const std::string& name,
                    std::optional<std::vector<TokenId>>& ids, const std::string& description);

// What says which model runs how.
struct ModelFlags {
    std::string directory;
    std::string adapter = "auto";
    std::string backend = "auto";
    std::string kv = "bf16";
    std::string prefill = "bf16";
    std::string activations = "int16";
    int threads = 0;
    std::int64_t context = 0;  // 0 = not given
    bool json = false;
    bool noCache = false;

    // One for all models that are loaded, so that they share what they have in common.
    std::shared_ptr<Engine> engine = makeLocalEngine();

    void addTo(CLI::App& command);
    // All but MODEL_DIR and --adapter.
    void addRunningTo(CLI::App& command);

    // Loads `folder` with `adapterChoice` (auto, none or a folder). Progress goes to standard
    // error.
    Result<std::shared_ptr<Model>> load(const std::string& folder, const std::string& adapterChoice,
                                        const std::stop_token& stop) const;
    Result<std::shared_ptr<Model>> load(const std::stop_token& stop) const {
        return load(directory, adapter, stop);
    }
    // A session of --context tokens, else of `fallback` (0 = the engine's default).
    Result<std::unique_ptr<Session>> newSession(Model& model, std::int64_t fallback = 0) const;
    // As newSession() will ask for it.
    SessionOptions sessionOptions() const;
};

// Every sampling parameter, as flags of the same names with hyphens. Stays where it is once added.
class SamplingFlags {
public:
    void addTo(CLI::App& command);
    // `defaults` with what was given. Errors: invalidRequest, as parseSampling.
    Result<SamplingOptions> over(const SamplingOptions& defaults) const;

private:
    void addNumber(CLI::App& command, const char* name, const char* description);
    void addLists(CLI::App& command);
    bool takeBiases(const std::vector<std::string>& texts);
    bool takeBans(const std::vector<std::string>& texts);

    Json m_given = Json::object();  // as parseSampling reads it
};

// What shapes a prompt that goes through the chat template.
struct TemplateFlags {
    std::string templateFile;
    std::string toolsFile;
    std::string date;
    bool thinking = false;

    void addTo(CLI::App& command);
    bool any() const {
        return thinking || !templateFile.empty() || !toolsFile.empty() || !date.empty();
    }
    // Without messages. Errors: fileMissing, fileCorrupt, naming the file.
    Result<ChatPrompt> prompt() const;
};

}  // namespace apertura::cli
