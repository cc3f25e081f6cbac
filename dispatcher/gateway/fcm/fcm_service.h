#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "gateway/fcm/access_token.h"
#include "gateway/fcm/fcm_reply.h"
#include "gateway/fcm/fcm_request.h"
#include "gateway/http2/service.h"

namespace dispatcher::fcm {

/// FCM HTTP v1 over HTTP/2, with an access token that is shared with other gateways.
class FcmService final : public http2::Service {
  public:
    FcmService(FcmRequest request, std::shared_ptr<AccessToken> token, Clock& clock);
    ~FcmService() override;
    FcmService(const FcmService&) = delete;
    FcmService& operator=(const FcmService&) = delete;

    void compose(const Notification& notification, BootTime now, http2::HeaderMemory& memory,
                 http2::Request& request, http2::Fields& fields, std::uint32_t& memo) override;
    http2::Verdict judge(const http2::Reply& reply, std::uint32_t memo, BootTime now) override;
    [[nodiscard]] http2::Standing standing(BootTime now) override;
    void tell_changes(std::function<void()> changed) override;
    [[nodiscard]] Gateway::Health health() const override { return token_->health(); }
    [[nodiscard]] std::string fault() const override;

  private:
    using Issued = std::shared_ptr<const AccessToken::Issued>;
    /// Tokens stay in place for so many renewals, longer than any request waits to be framed.
    static constexpr std::size_t kKept = 4;

    http2::Verdict judge_unauthorized(const ReplyMeaning& meaning, std::uint32_t generation,
                                      BootTime now);
    http2::Verdict judge_quota(const http2::Reply& reply, const ReplyMeaning& meaning,
                               BootTime now);
    http2::Verdict fault_of(const ReplyMeaning& meaning);

    Clock& clock_;
    const FcmRequest request_;
    const std::shared_ptr<AccessToken> token_;
    int subscription_ = 0;
    std::array<Issued, kKept> kept_;
    std::size_t current_ = 0;
    std::uint32_t proven_ = 0;
    unsigned quota_hits_ = 0;  ///< 429s since anything was accepted
    BootTime rests_until_{};
    std::string fault_;
};

}  // namespace dispatcher::fcm
