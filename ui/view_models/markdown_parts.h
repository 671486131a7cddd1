// Cuts Markdown where a fresh top-level block surely begins, so that the parts can be parsed one by
// one and the finished ones kept.
#pragma once

#include <QString>
#include <QStringList>

namespace apertura {

// The parts in order. Joined they are `text`, but for a backslash before each link reference
// definition ("[1]: address"): a definition acts on the whole text and draws nothing, and no line
// of an answer may vanish.
QStringList markdownParts(const QString& text);

}  // namespace apertura
