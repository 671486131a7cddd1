// The numeric sampling parameters, a row each, with the model's recommended value beside the one in
// force.
#pragma once

#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"
#include "ui/view_models/row_list_model.h"

namespace apertura {

class SamplingParameterModel : public RowListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the sampling panel")

public:
    enum Role {
        LabelRole = Qt::UserRole,
        HelpRole,
        ValueRole,
        ValueTextRole,  // "0.8", or the word for a value that turns the parameter off
        RecommendedTextRole,
        CustomRole,  // differs from the recommended value
        FromRole,
        ToRole,
        StepRole,
    };

    // Threads: the UI thread. `service` outlives the model.
    explicit SamplingParameterModel(ChatService& service, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    // Of the slider: goes to the nearest step.
    Q_INVOKABLE void setValue(int row, double value);
    // What a person typed, kept to the digit; nothing happens where it is no number.
    Q_INVOKABLE void setText(int row, const QString& text);
    Q_INVOKABLE void resetValue(int row);
    void refresh();

private:
    struct Row {
        int parameter = 0;  // index into the table of parameters
        double value = 0;
        double recommended = 0;

        bool operator==(const Row&) const = default;
        bool isSameRow(const Row& other) const { return parameter == other.parameter; }
    };

    void store(int row, double value);

    ChatService& m_service;
    QVector<Row> m_rows;
};

}  // namespace apertura
