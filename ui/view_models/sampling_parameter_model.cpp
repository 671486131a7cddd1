#include "ui/view_models/sampling_parameter_model.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include <QCoreApplication>
#include <QLocale>

namespace apertura {
namespace {

// One parameter: how it is called, its range on the slider, and where it lies in SamplingOptions.
struct Parameter {
    const char* label;
    const char* help;
    double from;
    double to;
    double step;
    const char* offLabel;  // what `offValue` means, in a word; null where no value is special
    double offValue;
    double (*read)(const SamplingOptions&);
    void (*write)(SamplingOptions&, double);
};

template <auto member>
double readMember(const SamplingOptions& options) {
    return static_cast<double>(options.*member);
}

template <auto member>
void writeMember(SamplingOptions& options, double value) {
    using Value = std::remove_reference_t<decltype(options.*member)>;
    options.*member = static_cast<Value>(value);
}

// Zero stands for "until the context is full".
double readMaxTokens(const SamplingOptions& options) {
    return static_cast<double>(options.maxTokens.value_or(0));
}

void writeMaxTokens(SamplingOptions& options, double value) {
    options.maxTokens.reset();
    if (value > 0) {
        options.maxTokens = static_cast<std::int64_t>(value);
    }
}

class ParameterTable {
    Q_DECLARE_TR_FUNCTIONS(SamplingParameter)

public:
    static constexpr Parameter kAll[] = {
        {QT_TR_NOOP("Temperature"),
         QT_TR_NOOP("How freely words are chosen; 0 always takes the likeliest."), 0, 2, 0.05,
         QT_TR_NOOP("greedy"), 0, readMember<&SamplingOptions::temperature>,
         writeMember<&SamplingOptions::temperature>},
        {QT_TR_NOOP("Top-k"), QT_TR_NOOP("Only the k likeliest tokens are considered."), 0, 200, 1,
         QT_TR_NOOP("off"), 0, readMember<&SamplingOptions::topK>,
         writeMember<&SamplingOptions::topK>},
        {QT_TR_NOOP("Top-p"),
         QT_TR_NOOP("Only the likeliest tokens that together reach this probability."), 0.01, 1,
         0.01, QT_TR_NOOP("off"), 1, readMember<&SamplingOptions::topP>,
         writeMember<&SamplingOptions::topP>},
        {QT_TR_NOOP("Min-p"), QT_TR_NOOP("Drops tokens below this share of the likeliest one."), 0,
         1, 0.01, QT_TR_NOOP("off"), 0, readMember<&SamplingOptions::minP>,
         writeMember<&SamplingOptions::minP>},
        {QT_TR_NOOP("Repetition penalty"),
         QT_TR_NOOP("Makes tokens that were used already less likely."), 1, 2, 0.01,
         QT_TR_NOOP("off"), 1, readMember<&SamplingOptions::repetitionPenalty>,
         writeMember<&SamplingOptions::repetitionPenalty>},
        {QT_TR_NOOP("Penalty window"),
         QT_TR_NOOP("How many tokens back the penalty looks; -1 is all of them."), -1, 4096, 1,
         QT_TR_NOOP("all"), -1, readMember<&SamplingOptions::penaltyWindow>,
         writeMember<&SamplingOptions::penaltyWindow>},
        {QT_TR_NOOP("Longest answer"),
         QT_TR_NOOP("In tokens; without a limit an answer may fill the context."), 0, 8192, 1,
         QT_TR_NOOP("no limit"), 0, readMaxTokens, writeMaxTokens},
    };
};
constexpr auto& kParameters = ParameterTable::kAll;

QString valueText(const Parameter& parameter, double value) {
    if (parameter.offLabel && value == parameter.offValue) {
        return ParameterTable::tr(parameter.offLabel);
    }
    return QLocale().toString(value, 'g', 6);
}

// As the locale writes numbers, or with a point as models' cards do.
std::optional<double> numberIn(const QString& text) {
    for (const QLocale& locale : {QLocale(), QLocale::c()}) {
        bool isNumber = false;
        const double value = locale.toDouble(text, &isNumber);
        if (isNumber && std::isfinite(value)) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

SamplingParameterModel::SamplingParameterModel(ChatService& service, QObject* parent)
    : RowListModel(parent), m_service(service) {
    connect(&service, &ChatService::conversationSettingsChanged, this,
            &SamplingParameterModel::refresh);
    connect(&service, &ChatService::modelChanged, this, &SamplingParameterModel::refresh);
    refresh();
}

int SamplingParameterModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant SamplingParameterModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const Row& row = m_rows[index.row()];
    const Parameter& parameter = kParameters[row.parameter];
    switch (role) {
        case Qt::DisplayRole:
        case LabelRole:
            return ParameterTable::tr(parameter.label);
        case HelpRole:
            return ParameterTable::tr(parameter.help);
        case ValueRole:
            return row.value;
        case ValueTextRole:
            return valueText(parameter, row.value);
        case RecommendedTextRole:
            return valueText(parameter, row.recommended);
        case CustomRole:
            return row.value != row.recommended;
        case FromRole:
            return parameter.from;
        case ToRole:
            return parameter.to;
        case StepRole:
            return parameter.step;
        default:
            return {};
    }
}

QHash<int, QByteArray> SamplingParameterModel::roleNames() const {
    return {{LabelRole, "label"},
            {HelpRole, "help"},
            {ValueRole, "value"},
            {ValueTextRole, "valueText"},
            {RecommendedTextRole, "recommendedText"},
            {CustomRole, "custom"},
            {FromRole, "from"},
            {ToRole, "to"},
            {StepRole, "step"}};
}

void SamplingParameterModel::setValue(int row, double value) {
    // So that 0.30000000000000004 is stored as 0.3.
    const double steps = std::round(1.0 / std::min(kParameters[row].step, 1.0));
    store(row, std::round(value * steps) / steps);
}

void SamplingParameterModel::store(int row, double value) {
    const Parameter& parameter = kParameters[row];
    SamplingOptions options = m_service.sampling();
    parameter.write(options, std::clamp(value, parameter.from, parameter.to));
    m_service.setSampling(options);
}

void SamplingParameterModel::setText(int row, const QString& text) {
    const Parameter& parameter = kParameters[row];
    const std::optional<double> value = numberIn(text.trimmed());
    if (value) {
        store(row, parameter.step < 1 ? *value : std::round(*value));
    } else if (parameter.offLabel && text.trimmed() == ParameterTable::tr(parameter.offLabel)) {
        store(row, parameter.offValue);
    }
    // Typed text that changed nothing is replaced by the value in force.
    Q_EMIT dataChanged(index(row), index(row), {ValueTextRole});
}

void SamplingParameterModel::resetValue(int row) {
    store(row, m_rows[row].recommended);
}

void SamplingParameterModel::refresh() {
    const SamplingOptions inForce = m_service.sampling();
    const SamplingOptions recommended = m_service.model().info.recommendedSampling;
    QVector<Row> fresh;
    for (int i = 0; i < static_cast<int>(std::size(kParameters)); ++i) {
        fresh.append(Row{i, kParameters[i].read(inForce), kParameters[i].read(recommended)});
    }
    assignRows(m_rows, fresh);
}

}  // namespace apertura
