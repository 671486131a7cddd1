// Figures as the window writes them: three significant digits, the locale's separators, unknown is
// "–" and never 0.
#pragma once

#include <QString>

namespace apertura {

inline const QString kUnknownFigure = QStringLiteral("–");

// 812, 43.1, 0.213, 12,300; below zero is unknown.
QString threeDigits(double value);
// 1,204; below zero is unknown.
QString countText(qint64 count);
// "391 MiB", "4.21 GiB": for memory.
QString memoryText(qint64 bytes);
// "391 MB", "4.21 GB": for files, as file managers and model pages count.
QString fileSizeText(qint64 bytes);
// "0:07", "12:40", "1:02:03".
QString clockText(qint64 milliseconds);

}  // namespace apertura
