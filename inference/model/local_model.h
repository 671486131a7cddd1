// The local engine's model: what sessions share, behind the public interface.
#pragma once

#include <memory>

#include "inference/engine.h"
#include "inference/model/loaded_model.h"

namespace apertura {

class LocalModel : public Model {
public:
    explicit LocalModel(std::shared_ptr<const LoadedModel> model) : m_model(std::move(model)) {}

    const ModelInfo& info() const override { return m_model->info; }
    DeviceMemory memory() const override { return m_model->backend->memory(); }
    Result<std::unique_ptr<Session>> newSession(const SessionOptions& options) override;
    const Tokenizer* tokenizer() const override { return m_model->tokenizer.get(); }

private:
    std::shared_ptr<const LoadedModel> m_model;
};

}  // namespace apertura
