#include "gateway/apns/apns_request.h"

#include <array>
#include <charconv>

#include "gateway/apns/push_type.h"

namespace dispatcher::apns {
namespace {

constexpr std::string_view kPathStart = "/3/device/";

class NumberText {
  public:
    explicit NumberText(std::int64_t number)
        : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
    [[nodiscard]] std::string_view text() const {
        return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
    }

  private:
    std::array<char, 24> text_{};
    const char* end_;
};

/// 10 is at once, 5 when it suits the device's power; background notifications must have 5.
std::string_view priority_of(const Notification& notification) {
    if (notification.own_priority == "10") return "10";
    if (notification.own_priority == "5") return "5";
    if (notification.own_priority == "1") return "1";
    const bool is_high =
        notification.priority == Priority::high && notification.push_type != "background";
    return is_high ? "10" : "5";
}

}  // namespace

ApnsRequest::ApnsRequest(const http2::Endpoint& endpoint, std::string topic)
    : scheme_(endpoint.scheme()), authority_(endpoint.authority), topic_(std::move(topic)) {}

void ApnsRequest::write(const Notification& notification, std::string_view authorization,
                        http2::HeaderMemory& memory, http2::Request& request,
                        http2::Fields& fields) const {
    request.body.assign(notification.payload);
    const auto expires =
        std::chrono::floor<std::chrono::seconds>(notification.expires_at.time_since_epoch())
            .count();
    const bool is_first = !memory.has_names;
    if (is_first) memory.number = expires;

    fields.add(":method", "POST");
    fields.add(":scheme", scheme_);
    fields.add(":authority", authority_);
    fields.add(":path", request.keep(kPathStart, notification.token), false);
    if (!authorization.empty()) fields.add("authorization", authorization, false);
    const auto suffix = missing_suffix(topic_, notification.push_type);
    fields.add("apns-topic", suffix.empty() ? topic_ : request.keep(topic_, suffix));
    fields.add("apns-push-type", notification.push_type.empty()
                                     ? std::string_view("alert")
                                     : request.keep(notification.push_type));
    fields.add("apns-priority", priority_of(notification));
    fields.add("apns-expiration", request.keep(NumberText(expires).text()),
               expires == memory.number);
    if (!notification.id.empty()) fields.add("apns-id", request.keep(notification.id), is_first);
    if (!notification.collapse_id.empty())
        fields.add("apns-collapse-id", request.keep(notification.collapse_id), is_first);
    fields.add("content-type", "application/json");
    fields.add("content-length",
               request.keep(NumberText(static_cast<std::int64_t>(request.body.size())).text()),
               false);
    memory.has_names = true;
}

}  // namespace dispatcher::apns
