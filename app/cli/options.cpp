#include "app/cli/options.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>

#include "app/cli/input.h"

namespace apertura::cli {

namespace {

// A number as typed. What JSON cannot hold is left as text, which parseSampling knows.
std::optional<Json> numberFromText(const std::string& text) {
    const Json parsed = Json::parse(text, nullptr, false);
    if (parsed.is_number()) {
        return parsed;
    }
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || end != text.c_str() + text.size()) {
        return std::nullopt;
    }
    return numberToJson(value);
}

std::string hyphenated(std::string name) {
    for (char& c : name) {
        c = c == '_' ? '-' : c;
    }
    return "--" + name;
}

BackendChoice backendOf(const std::string& name) {
    if (name == "reference") {
        return BackendChoice::reference;
    }
    if (name == "cpu") {
        return BackendChoice::cpu;
    }
    return name == "cuda" ? BackendChoice::cuda : BackendChoice::automatic;
}

// Where the window has it, so that what one has written serves the other; empty where there is no
// such place.
std::filesystem::path cacheFolder() {
    const auto variable = [](const char* name) {
        const char* const value = std::getenv(name);
        return std::filesystem::path(value != nullptr ? value : "");
    };
    if (const auto data = variable("APERTURA_DATA_DIR"); !data.empty()) {
        return data / "cache";
    }
    if (const auto data = variable("XDG_DATA_HOME"); data.is_absolute()) {
        return data / "apertura/cache";
    }
    const auto home = variable("HOME");
    return home.empty() ? home : home / ".local/share/apertura/cache";
}

// What is wrong with a text that should be a day, YYYY-MM-DD; empty where nothing is.
std::string faultOfDay(const std::string& text) {
    const auto number = [&text](std::size_t from, std::size_t count) {
        int value = -1;
        const char* const end = text.data() + from + count;
        const auto parsed = std::from_chars(text.data() + from, end, value);
        return parsed.ec == std::errc() && parsed.ptr == end ? value : -1;
    };
    const bool hasShape = text.size() == 10 && text[4] == '-' && text[7] == '-';
    const bool isDay =
        hasShape && number(0, 4) > 0 && number(5, 2) > 0 && number(8, 2) > 0 &&
        std::chrono::year_month_day(std::chrono::year(number(0, 4)),
                                    std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                    std::chrono::day(static_cast<unsigned>(number(8, 2))))
            .ok();
    return isDay ? "" : text + " is no day of the calendar, YYYY-MM-DD";
}

}  // namespace

CLI::Option* addRepeatable(CLI::App& command, const std::string& name,
                           std::function<bool(const std::vector<std::string>&)> take,
                           const std::string& description) {
    // By callback, as the library's own conversion to a list gives "{}" and "[..]" a meaning.
    return command.add_option(name, std::move(take), description)
        ->type_name("TEXT")
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* addIds(CLI::App& command, const std::string& name,
                    std::optional<std::vector<TokenId>>& ids, const std::string& description) {
    return command
        .add_option(
            name,
            [&ids](const CLI::results_t& given) {
                ids = parseIds(given.back());
                return ids.has_value();
            },
            description)
        ->type_name("ID,ID,..")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void ModelFlags::addTo(CLI::App& command) {
    command.add_option("MODEL_DIR", directory, "A Hugging Face snapshot folder")->required();
    command.add_option("--adapter", adapter, "auto, none, or a folder with a low-rank adapter");
    addRunningTo(command);
}

void ModelFlags::addRunningTo(CLI::App& command) {
    command.add_option("--backend", backend, "What computes")
        ->check(CLI::IsMember({"auto", "reference", "cpu", "cuda"}));
    command.add_option("--threads", threads, "Threads; 0 = one per core")
        ->check(CLI::Range(0, 4096));
    command.add_option("--context", context, "Context size in tokens")
        ->check(CLI::Range(1, 1 << 30));
    command.add_option("--kv", kv, "Type of the KV cache")->check(CLI::IsMember({"bf16", "int8"}));
    command.add_option("--prefill", prefill, "Arithmetic of reading a prompt")
        ->check(CLI::IsMember({"bf16", "int8"}));
    command.add_option("--activations", activations, "Activations of quantized products")
        ->check(CLI::IsMember({"int16", "int8"}));
    command.add_flag("--no-cache", noCache,
                     "Neither read nor write the packed form of a quantized checkpoint");
    command.add_flag("--json", json, "Print JSON");
}

Result<std::shared_ptr<Model>> ModelFlags::load(const std::string& folder,
                                                const std::string& adapterChoice,
                                                const std::stop_token& stop) const {
    if (prefill != "bf16") {
        return Error{ErrorCode::unsupported,
                     "--prefill " + prefill + " is not supported, only bf16 is."};
    }
    if (activations != "int16") {
        return Error{ErrorCode::unsupported,
                     "--activations " + activations + " is not supported, only int16 is."};
    }
    ModelSource source;
    source.directory = folder;
    if (adapterChoice == "none") {
        source.adapter.kind = AdapterChoice::Kind::none;
    } else if (adapterChoice != "auto") {
        source.adapter = {AdapterChoice::Kind::folder, adapterChoice};
    }
    ProgressLine progress;
    LoadOptions options{backendOf(backend), threads, cacheFolder(), sessionOptions()};
    if (noCache) {
        options.packedCacheBytes = 0;
    }
    return engine->load(
        source, options, [&](const PhaseEvent& phase) { progress.show(phase); }, stop);
}

SessionOptions ModelFlags::sessionOptions() const {
    return {context, kv == "int8" ? KvType::int8 : KvType::bf16};
}

Result<std::unique_ptr<Session>> ModelFlags::newSession(Model& model, std::int64_t fallback) const {
    SessionOptions options = sessionOptions();
    options.contextSize = context > 0 ? context : fallback;
    return model.newSession(options);
}

void SamplingFlags::addNumber(CLI::App& command, const char* name, const char* description) {
    command
        .add_option(
            hyphenated(name),
            [this, name](const CLI::results_t& given) {
                const auto number = numberFromText(given.back());
                m_given[name] = number.value_or(Json());
                return number.has_value();
            },
            description)
        ->type_name("NUMBER")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->group("Sampling");
}

void SamplingFlags::addTo(CLI::App& command) {
    constexpr std::array<std::array<const char*, 2>, 18> kNumbers = {{
        {"temperature", "0 = always the most likely token"},
        {"top_k", "Only the k most likely tokens; 0 = off"},
        {"top_p", "Only the most likely tokens of this total probability; 1 = off"},
        {"min_p", "Only tokens of at least this share of the highest probability; 0 = off"},
        {"typical_p", "Only the most typical tokens of this total probability; 1 = off"},
        {"top_n_sigma", "Only logits within n standard deviations of the largest; 0 = off"},
        {"repetition_penalty", "Divides the logits of tokens in the window; 1 = off"},
        {"presence_penalty", "Taken from the logit of each token of the answer; 0 = off"},
        {"frequency_penalty", "The same once for each occurrence; 0 = off"},
        {"penalty_window", "Tokens looked back at; -1 = the whole context"},
        {"dry_multiplier", "Strength of the penalty on repeated sequences; 0 = off"},
        {"dry_base", "Its growth with each further token"},
        {"dry_allowed_length", "Length of a repetition that costs nothing"},
        {"xtc_probability", "How often the most likely choices are left out; 0 = off"},
        {"xtc_threshold", "Probability from which a token is such a choice"},
        {"seed", "For the same answer again; -1 = a fresh one"},
        {"max_tokens", "Longest answer in tokens"},
        {"logprobs", "Alternatives reported with each token"},
    }};
    for (const auto& [name, description] : kNumbers) {
        addNumber(command, name, description);
    }
    addLists(command);
    command
        .add_flag_callback(
            "--ignore-eos", [this] { m_given["ignore_eos"] = true; },
            "Go on after an end-of-sequence token")
        ->group("Sampling");
}

void SamplingFlags::addLists(CLI::App& command) {
    const auto takeTexts = [this](const char* name) {
        return [this, name](const std::vector<std::string>& texts) {
            m_given[name] = texts;
            return true;
        };
    };
    const std::array<CLI::Option*, 4> options = {
        addRepeatable(command, "--dry-sequence-breakers", takeTexts("dry_breaker_texts"),
                      "A text that ends a repeated sequence; repeatable"),
        addRepeatable(
            command, "--logit-bias", [this](const auto& texts) { return takeBiases(texts); },
            "ID=X: added to a token's logit; repeatable"),
        addRepeatable(
            command, "--ban", [this](const auto& texts) { return takeBans(texts); },
            "ID: a token that is never drawn; repeatable"),
        addRepeatable(command, "--stop", takeTexts("stop"),
                      "A text that ends the answer; repeatable"),
    };
    for (CLI::Option* option : options) {
        option->group("Sampling");
    }
}

bool SamplingFlags::takeBiases(const std::vector<std::string>& texts) {
    m_given["logit_bias"] = Json::object();
    for (const std::string& text : texts) {
        const std::size_t sign = text.find('=');
        const auto bias =
            sign == std::string::npos ? std::nullopt : numberFromText(text.substr(sign + 1));
        if (!bias) {
            return false;
        }
        m_given["logit_bias"][text.substr(0, sign)] = *bias;
    }
    return true;
}

bool SamplingFlags::takeBans(const std::vector<std::string>& texts) {
    std::vector<TokenId> all;
    for (const std::string& text : texts) {
        const auto ids = parseIds(text);
        if (!ids) {
            return false;
        }
        all.insert(all.end(), ids->begin(), ids->end());
    }
    m_given["banned"] = all;
    return true;
}

Result<SamplingOptions> SamplingFlags::over(const SamplingOptions& defaults) const {
    return parseSampling(m_given.dump(-1, ' ', true, Json::error_handler_t::replace), defaults);
}

void TemplateFlags::addTo(CLI::App& command) {
    command.add_option("--template", templateFile,
                       "A Jinja file in place of the checkpoint's chat template");
    command.add_option("--tools", toolsFile, "A JSON file with an array of tools");
    command.add_option("--date", date, "The day the template sees, YYYY-MM-DD; default today")
        ->check(faultOfDay);
    command.add_flag("--thinking", thinking, "Let the model deliberate before it answers");
}

Result<ChatPrompt> TemplateFlags::prompt() const {
    ChatPrompt prompt;
    if (!templateFile.empty()) {
        auto source = readTextFile(templateFile);
        if (!source) {
            return source.error();
        }
        prompt.templateSource = *std::move(source);
    }
    if (!toolsFile.empty()) {
        auto tools = readJsonArrayFile(toolsFile);
        if (!tools) {
            return tools.error();
        }
        prompt.toolsJson = *std::move(tools);
    }
    if (!date.empty()) {
        prompt.date = date;
    }
    prompt.thinking = thinking;
    return prompt;
}

}  // namespace apertura::cli
