#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "mockgateway/apns_check.h"
#include "mockgateway/apns_request.h"
#include "mockgateway/fault_rules.h"
#include "mockgateway/ledger.h"

namespace dispatcher::mock {

/// What the server is to do with one request.
struct Verdict {
    Effect effect = Effect::answer;
    bool accepted = false;
    int status = 200;
    std::string_view reason;  ///< static, or of a rule; empty: no body
    std::chrono::milliseconds delay{0};
    std::chrono::seconds retry_after{0};  ///< 0: no such header
    bool json_body = true;
};

/// What a test may ask for at GET /mock/stats.
struct MockStats {
    std::uint64_t accepted = 0;
    std::uint64_t open_streams = 0;  ///< requests received whole and neither answered nor reset
    std::uint64_t connections = 0;   ///< open now
    std::map<std::string_view, std::uint64_t> refused;  ///< by APNs reason, strict checks only
    std::map<std::string_view, std::uint64_t> faults;   ///< by name of the fault

    [[nodiscard]] std::string to_json() const;
};

/// The APNs behind the connections: checks a request, picks its fault, writes the ledger. Knows no
/// sockets. One thread.
class ApnsService {
  public:
    ApnsService(ApnsCheck::Options check, FaultRules faults, const std::filesystem::path& ledger,
                Random& random);

    /// Sets the time of all that follows until the next turn.
    void start_turn(BootTime now, WallTime wall);
    /// Ends the turn's accepting: after this, and only after this, answers may leave. Throws
    /// UnavailableError if the ledger cannot be written.
    void write_ledger() { ledger_.write(); }

    /// Decides about one whole request. `id` becomes its notification id: the client's, or a new
    /// one if it sent none.
    Verdict judge(const ApnsRequest& request, std::uint64_t connection, std::int32_t stream,
                  TokenInUse& token, std::string& id);

    [[nodiscard]] BootTime now() const { return now_; }
    [[nodiscard]] WallTime wall() const { return wall_; }
    MockStats stats;

  private:
    std::string make_id();

    ApnsCheck check_;
    FaultRules faults_;
    Ledger ledger_;
    Random& random_;
    BootTime now_{};
    WallTime wall_{};
};

/// The body that APNs sends with an answer; empty for none.
std::string answer_body(const Verdict& verdict, WallTime now);

}  // namespace dispatcher::mock
