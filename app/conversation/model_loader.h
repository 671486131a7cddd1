// The model that answers: which one, how far its loading is, and what came of it.
#pragma once

#include <memory>

#include <QObject>
#include <QString>

#include "app/conversation/chat_service.h"
#include "app/engine_thread/engine_thread.h"

namespace apertura {

// Threads: the UI thread only.
class ModelLoader : public QObject {
    Q_OBJECT

public:
    // Loads as `options` say.
    ModelLoader(EngineThread& engine, LoadOptions options, QObject* parent = nullptr);

    const ModelStatus& status() const { return m_status; }
    const std::shared_ptr<const Model>& model() const { return m_model; }  // null unless `ready`

    // Tokens of `text` with the loaded model's tokenizer; -1 without one.
    qint64 countTokens(const QString& text) const;

    // Lets go of the model before, once the answer that it is writing has ended.
    void load(const QString& directory);
    // Of a load that still waits for that answer, the model before is back at once.
    void cancel();

Q_SIGNALS:
    void began();
    void progressed(const apertura::LoadProgress& progress);
    void loaded();
    void restored();                          // the model before, where the load had not begun
    void notLoaded(const QString& sentence);  // failed, or cancelled: then the phase is `none`
    void changed();                           // after each of the others, too

private:
    void takeProgress(const LoadProgress& progress);
    void takeEnd(const LoadEnd& end);

    EngineThread& m_engine;
    LoadOptions m_options;
    ModelStatus m_status;
    std::shared_ptr<const Model> m_model;
    // The model before and its status, while the engine still has it.
    std::weak_ptr<const Model> m_modelBefore;
    ModelStatus m_statusBefore;
    quint64 m_loadId = 0;
};

}  // namespace apertura
