#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/sha256.h"

namespace dispatcher {

enum class Priority : std::uint8_t { normal, high };

/// Everything that is derived from (campaign, appid) alone, so that every attempt carries the same
/// ids: h = SHA-256(campaign NUL appid).
class NotificationKey {
  public:
    NotificationKey(std::string_view campaign, std::string_view appid);

    /// A UUID (lower-case 8-4-4-4-12) of h: apns-id, data.notification_id.
    [[nodiscard]] std::string_view id() const { return {id_.data(), id_.size()}; }
    /// base64url(h), 43 characters: apns-collapse-id (at most 64 bytes).
    [[nodiscard]] std::string_view collapse_id() const {
        return {collapse_.data(), collapse_.size()};
    }

  private:
    std::array<char, 36> id_;
    std::array<char, 43> collapse_;
};

/// One rendered message for one recipient. A view: valid only during Gateway::submit(), which
/// copies what it keeps.
struct Notification {
    std::string_view campaign;
    std::string_view appid;
    std::string_view token;         ///< the gateway's address of the device
    std::string_view payload;       ///< UTF-8 JSON, ready to send
    std::string_view id;            ///< UUID text
    std::string_view collapse_id;   ///< empty: none
    std::string_view push_type;     ///< apns-push-type: alert, background, …
    std::string_view own_priority;  ///< in the gateway's words; empty: by `priority`
    WallTime expires_at{};          ///< the gateway keeps it no longer than this
    Priority priority = Priority::high;
};

}  // namespace dispatcher
