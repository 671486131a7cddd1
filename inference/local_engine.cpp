#include <chrono>
#include <utility>

#include "inference/backend/make_backend.h"
#include "inference/engine.h"
#include "inference/model/guarded.h"
#include "inference/model/local_model.h"
#include "inference/model/template_source.h"
#include "inference/text/tokenizer.h"
#include "inference/weights/checkpoint.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;

class LocalEngine : public Engine {
public:
    Result<std::shared_ptr<Model>> load(const ModelSource& source, const LoadOptions& options,
                                        const std::function<void(const PhaseEvent&)>& onProgress,
                                        std::stop_token stop) override {
        return guarded<Result<std::shared_ptr<Model>>>("load " + source.directory.string(), [&] {
            return loadModel(source, options, onProgress, stop);
        });
    }

private:
    Result<std::shared_ptr<Model>> loadModel(
        const ModelSource& source, const LoadOptions& options,
        const std::function<void(const PhaseEvent&)>& onProgress, const std::stop_token& stop);

    SharedByModels m_shared;
};

Result<std::shared_ptr<Model>> LocalEngine::loadModel(
    const ModelSource& source, const LoadOptions& options,
    const std::function<void(const PhaseEvent&)>& onProgress, const std::stop_token& stop) {
    const auto start = std::chrono::steady_clock::now();
    auto backend = makeBackend(options, m_shared);
    if (!backend) {
        return backend.error();
    }
    auto weights = loadCheckpoint(source, onProgress, stop,
                                  {options.cacheDirectory, options.packedCacheBytes});
    if (!weights) {
        return weights.error();
    }
    auto generationConfig = readGenerationConfig(source.directory);
    if (!generationConfig) {
        return generationConfig.error();
    }
    auto tokenizer = loadTokenizer(source.directory);
    if (!tokenizer) {
        return tokenizer.error();
    }
    if (stop.stop_requested()) {
        return Error{ErrorCode::cancelled, "Loading was stopped."};
    }
    std::error_code ignored;
    const fs::path directory = fs::absolute(source.directory, ignored).lexically_normal();
    auto model = assembleModel({directory, std::move(*weights), std::move(*tokenizer),
                                std::move(*generationConfig), findChatTemplate(source.directory),
                                std::move(*backend), options.plannedSession.kv});
    if (!model) {
        return model.error();
    }
    (*model)->info.loadSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::shared_ptr<Model>(std::make_shared<LocalModel>(std::move(*model)));
}

}  // namespace

std::unique_ptr<Engine> makeLocalEngine() {
    return std::make_unique<LocalEngine>();
}

}  // namespace apertura
