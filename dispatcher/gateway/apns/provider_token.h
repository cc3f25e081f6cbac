#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/http2/es256_key.h"

namespace dispatcher::apns {

/// The provider token: a JWT signed with ES256 that proves to APNs who we are. APNs wants it not
/// older than 60 minutes and not renewed more often than every 20 (Apple, "Establishing a
/// token-based connection to APNs"). One thread.
class ProviderToken {
  public:
    static constexpr std::chrono::minutes kRenewAfter{50};
    static constexpr std::chrono::minutes kRenewalGap{20};

    /// Reads the PKCS#8 key. Throws ConfigError if the file is unreadable or its key is not EC
    /// P-256.
    ProviderToken(const CredentialFile& key_file, std::string key_id, std::string team_id,
                  Clock& clock);

    /// `bearer <token>`, renewed when it is due. The text stays in place for kKept renewals, longer
    /// than any request waits to be framed.
    [[nodiscard]] std::string_view authorization(BootTime now);
    /// Grows with every renewal.
    [[nodiscard]] std::uint32_t generation() const { return generation_; }
    /// Renews before time. False, and nothing happens, if the last renewal is too recent.
    bool renew_early(BootTime now);
    /// The gateway refused the renewal as too early: goes back to the previous token for as long as
    /// that is good.
    void take_back_renewal(BootTime now);

  private:
    static constexpr std::size_t kKept = 4;

    void renew(BootTime now);

    const http2::Es256Key key_;
    const std::string key_id_;
    const std::string team_id_;
    Clock& clock_;
    std::array<std::string, kKept> texts_;
    std::array<BootTime, kKept> issued_at_{};
    std::size_t current_ = 0;
    BootTime renewed_at_{};
    std::uint32_t generation_ = 0;
};

}  // namespace dispatcher::apns
