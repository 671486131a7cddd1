// One part of an answer through md4c, whose callbacks become paragraphs and blocks.
#pragma once

#include <QString>
#include <QVector>

#include "ui/view_models/message_block.h"

namespace apertura {

// Every paragraph is a block of its own here; markdownBlocks joins them.
QVector<MessageBlock> readMarkdown(const QString& source);

}  // namespace apertura
