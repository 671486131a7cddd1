// Which way a paragraph reads: by the majority of its strong characters, not by the first one,
// which goes wrong for technical text ("API مرحبا").
#pragma once

#include <optional>

#include <QString>
#include <QVector>

#include "ui/view_models/text_run.h"

namespace apertura {

bool isRightToLeft(const QString& text);
// Code does not count: an Arabic sentence about a long identifier stays right-to-left.
bool isRightToLeft(const QVector<TextSpan>& spans);
// The same; nothing where no character says a direction.
std::optional<Qt::LayoutDirection> directionOf(const QVector<TextSpan>& spans);
// `text` behind an invisible mark, so that controls which look at the first strong character lay it
// out by the majority. For titles and other single lines.
QString withDirectionMark(const QString& text);
// `text` between invisible marks, so that it reads by its own majority inside a line of another
// direction and leaves that line's order alone. For names.
QString isolated(const QString& text);

}  // namespace apertura
