#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/notification.h"
#include "campaign/payload_template.h"
#include "campaign/tag_places.h"
#include "campaign/token_columns.h"
#include "gateway/gateway_type.h"

namespace dispatcher {

/// Turns recipients of one gateway into notifications. The templates are compiled at construction;
/// a rendered notification is valid until the next call. One thread.
class NotificationRenderer {
  public:
    /// Throws ConfigError where template and columns do not fit; `place` (the template file, where
    /// it is known) opens its message, or the place of the variable among `tags`. `campaign` must
    /// outlive this.
    NotificationRenderer(const Campaign& campaign, const GatewayType& type,
                         const std::string& place = "template", const TagPlaces& tags = {});

    /// `expires_at` of the notification is the earlier of now + ttl and `deadline`. Nothing if the
    /// payload is larger than the gateway takes.
    std::optional<Notification> render(std::string_view appid,
                                       const std::vector<std::string_view>& values, WallTime now,
                                       std::optional<WallTime> deadline);

    /// Renders the payload alone, without what a send needs beside it; answers its bytes.
    std::size_t measure(const std::vector<std::string_view>& values);

    /// The collapse id that the file asks for, rendered; "" where it leaves that to us. Valid until
    /// the next call.
    std::string_view collapse_key(const std::vector<std::string_view>& values);

    /// What the gateway takes at most, in every locale.
    [[nodiscard]] std::size_t payload_bytes_max() const { return payload_bytes_max_; }
    /// Bytes of the payload rendered last.
    [[nodiscard]] std::size_t payload_bytes() const { return payload_.size(); }

  private:
    struct LocalePayload {
        PayloadTemplate payload;
        std::string push_type;
        std::string priority;
    };
    const LocalePayload& payload_for(std::string_view locale);
    const LocalePayload& render_payload(const std::vector<std::string_view>& values);

    const Campaign& campaign_;
    std::size_t payload_bytes_max_;
    TokenColumns token_columns_;
    std::size_t locale_column_;
    std::map<std::string, LocalePayload, std::less<>> locales_;
    std::map<std::string, const LocalePayload*, std::less<>> wanted_;  ///< cache, bounded
    std::optional<PayloadTemplate> collapse_key_;
    std::string payload_;
    std::string collapse_;
    std::optional<NotificationKey> key_;
};

}  // namespace dispatcher
