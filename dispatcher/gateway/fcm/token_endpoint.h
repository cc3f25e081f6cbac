#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "gateway/fcm/service_account.h"

namespace dispatcher::fcm {

/// What came of asking for an access token.
struct TokenAnswer {
    enum class Kind : std::uint8_t {
        granted,
        refused,      ///< asking again would not help: the account, its key or this clock
        unavailable,  ///< it may work later
    };
    Kind kind = Kind::unavailable;
    Secret token;
    std::chrono::seconds life{0};
    std::string trouble;  ///< unless granted: one sentence for people, without secrets
};

/// Google's OAuth 2.0 server, which gives access tokens for signed assertions. One ask() at a time;
/// stop() from any thread.
class TokenEndpoint {
  public:
    /// Connect, ask and answer together take no longer than about twice this.
    static constexpr std::chrono::seconds kPatience{15};

    /// `ca_file`: authorities for TLS; empty: the system's.
    TokenEndpoint(ServiceAccount account, std::string ca_file);
    ~TokenEndpoint();
    TokenEndpoint(const TokenEndpoint&) = delete;
    TokenEndpoint& operator=(const TokenEndpoint&) = delete;

    /// Asks once, by this machine's wall clock or what goes for it; blocks.
    TokenAnswer ask(WallTime now);
    /// Ends a running ask() soon, and every later one at once.
    void stop();

  private:
    struct Line;

    const ServiceAccount account_;
    const std::string ca_file_;
    SystemClock clock_;
    std::string origin_;  // scheme://host[:port]
    std::string path_;
    const std::unique_ptr<Line> line_;
};

/// What a token endpoint's answer means: `status`, the `date` header and the body. `now`: this
/// machine's time, to be compared.
TokenAnswer read_token_answer(int status, const std::string& date, const std::string& body,
                              const ServiceAccount& account, WallTime now);

}  // namespace dispatcher::fcm
