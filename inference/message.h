// What a conversation is made of, as the engine takes it.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace apertura {

enum class Role { system, user, assistant, tool };

const char* roleName(Role role);  // "system", "user", "assistant", "tool"

// One turn. `content` is UTF-8.
struct ChatMessage {
    Role role = Role::user;
    std::string content;
};

// What a piece of an answer is: text for the reader, deliberation, or a tool call.
enum class SpanKind { response, thoughts, toolCalls };

// The JSON array that chat templates see: [{"role": .., "content": ..}, ..].
std::string messagesToJson(std::span<const ChatMessage> messages);

}  // namespace apertura
