#include "ui/view_models/number_text.h"

#include <algorithm>
#include <cmath>

#include <QLocale>
#include <QStringList>

namespace apertura {
namespace {

QString scaledText(qint64 bytes, double step, const QStringList& units) {
    if (bytes < 0) {
        return kUnknownFigure;
    }
    double value = static_cast<double>(bytes);
    qsizetype unit = 0;
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= step;
        ++unit;
    }
    // A no-break space: figure and unit stay together.
    return (unit == 0 ? countText(bytes) : threeDigits(value)) + u'\u00A0' + units[unit];
}

}  // namespace

QString threeDigits(double value) {
    if (!(value >= 0) || std::isinf(value)) {
        return kUnknownFigure;
    }
    if (value == 0) {
        return QLocale().toString(0);
    }
    int magnitude = static_cast<int>(std::floor(std::log10(value)));
    // 99.96 rounds to 100, which has a digit more before the point.
    const double step = std::pow(10.0, magnitude - 2);
    const double rounded = std::round(value / step) * step;
    magnitude = static_cast<int>(std::floor(std::log10(rounded) + 1e-9));
    const int decimals = std::clamp(2 - magnitude, 0, 6);
    return QLocale().toString(rounded, 'f', decimals);
}

QString countText(qint64 count) {
    return count < 0 ? kUnknownFigure : QLocale().toString(count);
}

QString memoryText(qint64 bytes) {
    return scaledText(bytes, 1024.0,
                      {QStringLiteral("B"), QStringLiteral("KiB"), QStringLiteral("MiB"),
                       QStringLiteral("GiB"), QStringLiteral("TiB")});
}

QString fileSizeText(qint64 bytes) {
    return scaledText(bytes, 1000.0,
                      {QStringLiteral("B"), QStringLiteral("kB"), QStringLiteral("MB"),
                       QStringLiteral("GB"), QStringLiteral("TB")});
}

QString clockText(qint64 milliseconds) {
    const qint64 seconds = std::max<qint64>(milliseconds, 0) / 1000;
    const auto twoDigits = [](qint64 value) {
        return QStringLiteral("%1").arg(value, 2, 10, QLatin1Char('0'));
    };
    if (seconds >= 3600) {
        return QStringLiteral("%1:%2:%3")
            .arg(seconds / 3600)
            .arg(twoDigits(seconds / 60 % 60), twoDigits(seconds % 60));
    }
    return QStringLiteral("%1:%2").arg(seconds / 60).arg(twoDigits(seconds % 60));
}

}  // namespace apertura
