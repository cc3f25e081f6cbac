#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "gateway/http2/service.h"
#include "gateway/webpush/message_seal.h"
#include "gateway/webpush/subscription.h"
#include "gateway/webpush/vapid.h"

namespace dispatcher::webpush {

/// What all push services of a gateway have in common.
struct Sealing {
    Sealing(const CredentialFile& key_file, std::string subject, Clock& clock_, Random& random_)
        : identity(key_file, std::move(subject)), clock(clock_), random(random_) {}

    VapidIdentity identity;
    MessageSeal seal;
    std::string fault;  ///< in words, why a push service refused us last
    Clock& clock;
    Random& random;
    std::string payload;  ///< while a request is composed
};

/// One push service, which is one origin of endpoints: notification → encrypted request, reply →
/// outcome.
class PushService final : public http2::Service {
  public:
    /// `sealing` must outlive it.
    PushService(std::string authority, Sealing& sealing);

    /// Whose the next notification is; `sealing.seal` must address its keys.
    void aim(const Subscription& subscription) { subscription_ = subscription; }

    void compose(const Notification& notification, BootTime now, http2::HeaderMemory& memory,
                 http2::Request& request, http2::Fields& fields, std::uint32_t& memo) override;
    http2::Verdict judge(const http2::Reply& reply, std::uint32_t memo, BootTime now) override;
    /// A host that a device named gets one request, until it proves to be a push service.
    [[nodiscard]] bool needs_warm_up() const override { return true; }

  private:
    const std::string authority_;
    Sealing& sealing_;
    VapidToken token_;
    Subscription subscription_;  ///< views that live as long as submit() runs
};

}  // namespace dispatcher::webpush
