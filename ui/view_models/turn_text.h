// What the window says about a turn: its footer, details, and how it ended.
#pragma once

#include <QString>

#include "app/conversation/chat_service.h"

namespace apertura {

// "model · 43.1 tok/s · 0.421 s": model, writing speed, time to the first token.
QString footerText(const ChatTurn& turn);
// Every figure of a finished answer, a line each.
QString detailsText(const ChatTurn& turn);
// How an answer ended where that is not "by itself"; else empty.
QString noticeText(const ChatTurn& turn);
bool isBeingAnswered(const ChatTurn& turn);

}  // namespace apertura
