#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dispatcher::apns {

/// A kind of push notification (Apple, "Sending notification requests to APNs": apns-push-type).
struct PushType {
    std::string_view name;
    /// What follows the app's bundle id in apns-topic.
    std::string_view topic_suffix;
    std::size_t payload_bytes_max;
};

/// Null if APNs knows no such type.
const PushType* find_push_type(std::string_view name);

/// For messages: all of them, the usual first.
std::string push_type_names();

/// What must follow `topic`, as the server file has it, for this push type: nothing if the suffix
/// stands there already.
std::string_view missing_suffix(std::string_view topic, std::string_view push_type);

}  // namespace dispatcher::apns
