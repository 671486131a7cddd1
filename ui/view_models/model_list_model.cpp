#include "ui/view_models/model_list_model.h"

#include <QFileInfo>

#include "ui/view_models/number_text.h"
#include "ui/view_models/text_direction.h"

namespace apertura {

ModelListModel::ModelListModel(ChatService& service, ModelLibrary& library, QObject* parent)
    : RowListModel(parent), m_service(service), m_library(library) {
    connect(&library, &ModelLibrary::changed, this, &ModelListModel::refresh);
    connect(&service, &ChatService::modelChanged, this, &ModelListModel::refresh);
    refresh();
}

int ModelListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant ModelListModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const Row& row = m_rows[index.row()];
    switch (role) {
        case PathRole:
            return row.path;
        case Qt::DisplayRole:
        case NameRole:
            return row.name;
        case DisplayNameRole:
            return withDirectionMark(row.name);
        case PrecisionRole:
            return row.precision;
        case SizeRole:
            return row.size;
        case ProblemRole:
            return row.problem;
        case DemoRole:
            return row.isDemo;
        case CurrentRole:
            return row.current;
        default:
            return {};
    }
}

QHash<int, QByteArray> ModelListModel::roleNames() const {
    return {{PathRole, "path"},           {NameRole, "name"},
            {PrecisionRole, "precision"}, {SizeRole, "size"},
            {ProblemRole, "problem"},     {DemoRole, "demo"},
            {CurrentRole, "current"},     {DisplayNameRole, "displayName"}};
}

QString ModelListModel::currentName() const {
    const Row* row = currentRow();
    const QString name = row ? row->name : QFileInfo(m_service.model().path).fileName();
    return name.isEmpty() ? name : isolated(name);
}

QString ModelListModel::currentLabel() const {
    const ModelStatus status = m_service.model();
    const Row* row = currentRow();
    const QString precision = row ? row->precision : QString::fromStdString(status.info.precision);
    return precision.isEmpty() ? currentName() : currentName() + QStringLiteral(" · ") + precision;
}

QString ModelListModel::currentDetails() const {
    const ModelStatus status = m_service.model();
    if (status.phase != ModelPhase::ready) {
        return QString();
    }
    const ModelInfo& info = status.info;
    QStringList lines = {
        tr("%1 parameters, %2 layers")
            .arg(countText(info.parameterCount), countText(info.layerCount)),
        tr("Context up to %1 tokens").arg(countText(info.maximumContext)),
        tr("Computed by: %1").arg(QString::fromStdString(info.backend)),
    };
    if (!info.backendReason.empty()) {
        lines.append(QString::fromStdString(info.backendReason));
    }
    for (const std::string& warning : info.warnings) {
        lines.append(QString::fromStdString(warning));
    }
    return lines.join(u'\n');
}

bool ModelListModel::currentIsDemo() const {
    const Row* row = currentRow();
    return row && row->isDemo;
}

void ModelListModel::load(const QString& path) {
    const ModelStatus status = m_service.model();
    const bool isWanted = status.phase == ModelPhase::loading || status.phase == ModelPhase::ready;
    if (!isWanted || status.path != path) {
        m_service.loadModel(path);
    }
}

void ModelListModel::addFolder(const QUrl& folder) {
    const Result<QString> added = m_library.addFolder(folder.toLocalFile());
    setAddProblem(added.ok() ? QString() : QString::fromStdString(added.error().message));
    if (added.ok()) {
        load(*added);
    }
}

void ModelListModel::remove(const QString& path) {
    m_library.removeFolder(path);
}

void ModelListModel::dismissProblem() {
    setAddProblem(QString());
}

void ModelListModel::refresh() {
    const QString current = m_service.model().path;
    QVector<Row> fresh;
    for (const ModelEntry& entry : m_library.entries()) {
        fresh.append(Row{entry.path, entry.name, entry.precision, fileSizeText(entry.bytes),
                         entry.problem, entry.isDemo, entry.path == current});
    }
    assignRows(m_rows, fresh);
    Q_EMIT currentChanged();
}

const ModelListModel::Row* ModelListModel::currentRow() const {
    for (const Row& row : m_rows) {
        if (row.current) {
            return &row;
        }
    }
    return nullptr;
}

void ModelListModel::setAddProblem(const QString& sentence) {
    if (m_addProblem != sentence) {
        m_addProblem = sentence;
        Q_EMIT addProblemChanged();
    }
}

}  // namespace apertura
