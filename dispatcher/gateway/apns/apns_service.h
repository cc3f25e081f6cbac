#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "gateway/apns/apns_reply.h"
#include "gateway/apns/apns_request.h"
#include "gateway/apns/provider_token.h"
#include "gateway/http2/service.h"

namespace dispatcher::apns {

/// APNs over HTTP/2. With a provider token: one key, so one key id on every connection. Without:
/// the connections' client certificate says who we are.
class ApnsService final : public http2::Service {
  public:
    /// `token` is null where a certificate is used.
    ApnsService(const http2::Endpoint& endpoint, std::string topic,
                std::unique_ptr<ProviderToken> token, Clock& clock);

    void compose(const Notification& notification, BootTime now, http2::HeaderMemory& memory,
                 http2::Request& request, http2::Fields& fields, std::uint32_t& memo) override;
    http2::Verdict judge(const http2::Reply& reply, std::uint32_t memo, BootTime now) override;
    /// Apple: one stream until the first push with a valid token.
    [[nodiscard]] bool needs_warm_up() const override { return token_ != nullptr; }
    [[nodiscard]] std::string fault() const override { return fault_; }

  private:
    http2::Verdict judge_expired_token(const ReplyMeaning& meaning, std::uint32_t generation,
                                       BootTime now);
    http2::Verdict fault_of(const ReplyMeaning& meaning);

    Clock& clock_;
    ApnsRequest request_;
    const std::unique_ptr<ProviderToken> token_;
    std::string fault_;
};

}  // namespace dispatcher::apns
