#include "tests/support/tiny_local_model.h"

#include "inference/backend/reference_backend.h"
#include "inference/model/local_model.h"
#include "inference/model/template_source.h"
#include "tests/support/toy_tokenizer.h"

namespace apertura::test {

std::shared_ptr<Model> makeTinyLocalModel(const TinyModel& model, TinyLocalOptions options) {
    TemplateSource source{std::string(kPlainChatTemplate), {}};
    if (!options.templateText.empty()) {
        source = {options.templateText, "chat_template.jinja"};
    }
    if (options.backend == nullptr) {
        options.backend = std::make_unique<ReferenceBackend>(options.threads);
    }
    auto assembled = assembleModel({"/models/tiny",
                                    model.weights,
                                    std::make_shared<ToyTokenizer>(),
                                    GenerationConfig{},
                                    source,
                                    {std::move(options.backend), "It is a test."}});
    CHECK(assembled.ok());
    return std::make_shared<LocalModel>(*assembled);
}

std::unique_ptr<Session> makeTinySession(Model& model, std::int64_t contextSize) {
    auto session = model.newSession({contextSize, KvType::bf16});
    CHECK(session.ok());
    return std::move(*session);
}

Request greedyRequest(std::vector<TokenId> ids, std::int64_t maxTokens) {
    Request request;
    request.prompt = IdsPrompt{std::move(ids)};
    request.sampling.temperature = 0.0;
    request.sampling.maxTokens = maxTokens;
    request.sampling.ignoreEndOfSequence = true;
    return request;
}

}  // namespace apertura::test
