#include "app/conversation/model_loader.h"

#include <utility>

#include "inference/text/tokenizer.h"

namespace apertura {

ModelLoader::ModelLoader(EngineThread& engine, LoadOptions options, QObject* parent)
    : QObject(parent), m_engine(engine), m_options(std::move(options)) {
    connect(&m_engine, &EngineThread::loadProgressed, this, &ModelLoader::takeProgress);
    connect(&m_engine, &EngineThread::loadEnded, this, &ModelLoader::takeEnd);
}

void ModelLoader::load(const QString& directory) {
    if (m_model) {
        m_modelBefore = m_model;
        m_statusBefore = m_status;
    }
    m_model.reset();
    m_status = ModelStatus{};
    m_status.phase = ModelPhase::loading;
    m_status.path = directory;
    m_loadId = m_engine.load(ModelSource{directory.toStdString(), {}}, m_options);
    Q_EMIT began();
    Q_EMIT changed();
}

void ModelLoader::cancel() {
    if (m_status.phase != ModelPhase::loading) {
        return;
    }
    m_engine.cancelLoad();
    m_model = m_modelBefore.lock();
    if (m_model) {
        m_status = m_statusBefore;
        Q_EMIT restored();
        Q_EMIT changed();
    }
}

qint64 ModelLoader::countTokens(const QString& text) const {
    const Tokenizer* tokenizer = m_model ? m_model->tokenizer() : nullptr;
    return tokenizer
               ? static_cast<qint64>(tokenizer->encode(text.toStdString(), EncodeOptions{}).size())
               : -1;
}

void ModelLoader::takeProgress(const LoadProgress& progress) {
    if (progress.loadId != m_loadId || m_status.phase != ModelPhase::loading) {
        return;
    }
    m_status.bytesDone = progress.bytesDone;
    m_status.bytesTotal = progress.bytesTotal;
    Q_EMIT progressed(progress);
    Q_EMIT changed();
}

void ModelLoader::takeEnd(const LoadEnd& end) {
    const bool isRestored = end.keptModel && m_model;
    if (end.loadId != m_loadId || isRestored) {
        return;
    }
    m_model = end.model;
    if (m_model) {
        m_status.phase = ModelPhase::ready;
        m_status.info = m_model->info();
        Q_EMIT loaded();
        Q_EMIT changed();
        return;
    }
    const QString sentence = QString::fromStdString(end.error->message);
    if (end.error->code == ErrorCode::cancelled) {
        m_status = ModelStatus{};
    } else {
        m_status.phase = ModelPhase::failed;
        m_status.error = sentence;
    }
    Q_EMIT notLoaded(sentence);
    Q_EMIT changed();
}

}  // namespace apertura
