// The title a conversation gets from its first message.
#pragma once

#include <QString>

namespace apertura {

constexpr int kTitleGraphemes = 60;

// One line of at most kTitleGraphemes user-perceived characters: `text` with every run of white
// space as one blank, cut after a whole word where it is too long, then with an ellipsis. A word
// that is too long by itself is cut between characters. Empty for blank text.
QString titleFrom(const QString& text);

}  // namespace apertura
