#include "inference/message.h"

#include <nlohmann/json.hpp>

namespace apertura {

const char* roleName(Role role) {
    switch (role) {
        case Role::system:
            return "system";
        case Role::user:
            return "user";
        case Role::assistant:
            return "assistant";
        case Role::tool:
            return "tool";
    }
    return "user";
}

std::string messagesToJson(std::span<const ChatMessage> messages) {
    auto list = nlohmann::ordered_json::array();
    for (const ChatMessage& message : messages) {
        list.push_back({{"role", roleName(message.role)}, {"content", message.content}});
    }
    // Ill-formed UTF-8 is replaced rather than refused: a conversation must stay usable.
    return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace apertura
