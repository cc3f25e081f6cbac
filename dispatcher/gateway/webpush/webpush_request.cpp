#include "gateway/webpush/webpush_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "gateway/webpush/webpush_payload.h"

namespace dispatcher::webpush {
namespace {

std::string_view keep_number(http2::Request& request, std::int64_t number) {
    std::array<char, 24> text{};
    const auto* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return request.keep({text.data(), static_cast<std::size_t>(end - text.data())});
}

/// Whole seconds, never beyond the deadline: a push service keeps nothing longer than that.
std::int64_t ttl_seconds(WallTime expires, WallTime now) {
    const auto left = std::chrono::floor<std::chrono::seconds>(expires - now).count();
    return std::max<std::int64_t>(left, 0);
}

}  // namespace

void write_fields(const Subscription& subscription, const Notification& notification,
                  std::string_view authorization, WallTime now, http2::HeaderMemory& memory,
                  http2::Request& request, http2::Fields& fields) {
    const auto ttl = ttl_seconds(notification.expires_at, now);
    if (!memory.has_names) memory.number = ttl;
    memory.has_names = true;

    fields.add(":method", "POST");
    fields.add(":scheme", "https");
    fields.add(":authority", request.keep(subscription.authority));
    fields.add(":path", request.keep(subscription.path), false);
    fields.add("authorization", authorization);
    fields.add("ttl", keep_number(request, ttl), ttl == memory.number);
    fields.add("urgency", notification.priority == Priority::high ? "high" : "normal");
    if (!notification.collapse_id.empty())
        fields.add("topic", request.keep(topic_of(notification.collapse_id)), false);
    fields.add("content-encoding", "aes128gcm");
    fields.add("content-type", "application/octet-stream");
    fields.add("content-length",
               keep_number(request, static_cast<std::int64_t>(request.body.size())), false);
}

}  // namespace dispatcher::webpush
