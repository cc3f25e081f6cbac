#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mockgateway/apns/apns_request.h"
#include "mockgateway/apns/provider_token_check.h"
#include "mockgateway/role.h"

namespace dispatcher::mock {

/// An answer that is not 200: the status and APNs' own word for the reason.
struct Refusal {
    int status = 400;
    std::string_view reason;
};

/// The provider token that a connection used last: APNs holds a connection to one key, and to
/// slow changes of its token.
struct TokenInUse final : RoleMemory {
    std::shared_ptr<const ProviderToken> token;
};

/// Everything that APNs checks before it takes a notification, in this order: method and path,
/// duplicates, authorization, device token, topic, ids, push type, priority, expiration, collapse
/// id, payload. One thread.
class ApnsCheck {
  public:
    struct Options {
        ProviderTokenCheck::Options provider_token;
        /// Bundle ids that may be pushed to, without suffixes such as `.voip`. Empty: any.
        std::vector<std::string> topics;
    };

    explicit ApnsCheck(Options options);

    /// What is wrong with the request; nothing if it is to be accepted.
    /// `has_certificate`: the connection's client certificate says who sends, in place of a
    /// provider token.
    std::optional<Refusal> refusal(const ApnsRequest& request, TokenInUse& in_use, WallTime now,
                                   bool has_certificate);

  private:
    std::optional<Refusal> check_authorization(const ApnsRequest& request, TokenInUse& in_use,
                                               WallTime now);
    [[nodiscard]] std::optional<Refusal> check_topic(const ApnsRequest& request) const;

    const std::vector<std::string> topics_;
    ProviderTokenCheck provider_tokens_;
};

/// Whether the text is a lower-case UUID, 8-4-4-4-12.
bool is_uuid(std::string_view text);

}  // namespace dispatcher::mock
