#include "gateway/fcm/fcm_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/encoding.h"
#include "base/invariant.h"
#include "gateway/fcm/fcm_payload.h"

namespace dispatcher::fcm {
namespace {

using std::chrono::seconds;

/// Firebase: a message is kept for four weeks at most.
constexpr seconds kTtlMax{2'419'200};
/// Web Push's Topic (RFC 8030 §5.4); the collapse id is base64url of 32 bytes, this its beginning.
constexpr std::size_t kTopicBytesMax = 32;

/// Members of an object, written one after the other.
class Members {
  public:
    explicit Members(std::string& out) : out_(out) {}

    void add_text(std::string_view name, std::string_view value) {
        begin(name);
        out_ += '"';
        append_json_escaped(out_, value);
        out_ += '"';
    }
    void add_number(std::string_view name, std::int64_t value, std::string_view unit = {}) {
        begin(name);
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        out_ += '"';
        out_.append(digits.data(), end);
        out_ += unit;
        out_ += '"';
    }
    [[nodiscard]] bool is_empty() const { return is_empty_; }

  private:
    void begin(std::string_view name) {
        if (!is_empty_) out_ += ',';
        is_empty_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }

    std::string& out_;
    bool is_empty_ = true;
};

/// What fills the gaps of one payload.
class Filling {
  public:
    Filling(const Notification& notification, WallTime now)
        : notification_(notification),
          expires_(std::chrono::floor<seconds>(notification.expires_at.time_since_epoch())),
          ttl_(std::clamp(expires_ - std::chrono::floor<seconds>(now.time_since_epoch()),
                          seconds(0), kTtlMax)) {}

    void fill(gap::Place place, int pieces, Members& members) const {
        const bool is_high = notification_.priority == Priority::high;
        const bool has_collapse = !notification_.collapse_id.empty();
        const auto wants = [pieces](int piece) { return (pieces & piece) != 0; };
        switch (place) {
            case gap::message:
                members.add_text("token", notification_.token);
                break;
            case gap::android:
                if (wants(gap::ttl)) members.add_number("ttl", ttl_.count(), "s");
                if (wants(gap::priority)) members.add_text("priority", is_high ? "HIGH" : "NORMAL");
                break;
            case gap::notification:
                if (has_collapse) members.add_text("tag", notification_.collapse_id);
                break;
            case gap::apns_headers:
                if (wants(gap::collapse_id) && has_collapse)
                    members.add_text("apns-collapse-id", notification_.collapse_id);
                if (wants(gap::expiration)) members.add_number("apns-expiration", expires_.count());
                if (wants(gap::apns_priority))
                    members.add_text("apns-priority", is_high ? "10" : "5");
                break;
            case gap::webpush_headers:
                if (wants(gap::webpush_ttl)) members.add_number("TTL", ttl_.count());
                if (wants(gap::urgency)) members.add_text("Urgency", is_high ? "high" : "normal");
                if (wants(gap::topic) && is_topic(notification_.collapse_id))
                    members.add_text("Topic", notification_.collapse_id.substr(0, kTopicBytesMax));
                break;
        }
    }

  private:
    /// A key of the campaign's own may be no base64url.
    static bool is_topic(std::string_view text) {
        return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                   c == '-' || c == '_';
        });
    }

    const Notification& notification_;
    const seconds expires_;
    const seconds ttl_;
};

/// Copies the payload and fills its gaps.
void append_filled(std::string& out, const Notification& notification, WallTime now) {
    const Filling filling(notification, now);
    auto rest = notification.payload;
    for (auto at = rest.find(gap::kStart); at != rest.npos; at = rest.find(gap::kStart)) {
        out += rest.substr(0, at + 1);
        rest.remove_prefix(at + gap::kStart.size());
        invariant(rest.size() > 2, "a gap says what belongs there");
        Members members(out);
        filling.fill(static_cast<gap::Place>(rest[0] - '0'), rest[1] - '0', members);
        rest.remove_prefix(2);
        if (members.is_empty() && rest.front() == ',') rest.remove_prefix(1);
    }
    out += rest;
}

void put_id(std::string& body, std::string_view id) {
    const auto at = body.find(kNoNotificationId);
    if (at == body.npos) return;
    const auto value = at + kNoNotificationId.size() - 1 - id.size();
    body.replace(value, id.size(), id);
}

}  // namespace

FcmRequest::FcmRequest(const http2::Endpoint& endpoint, const std::string& project,
                       bool only_checks)
    : scheme_(endpoint.scheme()),
      authority_(endpoint.authority),
      path_("/v1/projects/" + project + "/messages:send"),
      only_checks_(only_checks) {}

void FcmRequest::write(const Notification& notification, std::string_view authorization,
                       WallTime now, http2::Request& request, http2::Fields& fields) const {
    request.body = only_checks_ ? R"({"validate_only":true,"message":)" : R"({"message":)";
    append_filled(request.body, notification, now);
    request.body += '}';
    put_id(request.body, notification.id);

    fields.add(":method", "POST");
    fields.add(":scheme", scheme_);
    fields.add(":authority", authority_);
    fields.add(":path", path_);
    fields.add("authorization", authorization);
    fields.add("content-type", "application/json");
    fields.add("content-length", request.keep(std::to_string(request.body.size())), false);
}

}  // namespace dispatcher::fcm
