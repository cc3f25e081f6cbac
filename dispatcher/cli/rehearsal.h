#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/prepared_campaign.h"
#include "cli/rehearsal_result.h"
#include "cli/signal_watch.h"
#include "rehearsal/gateway_settings.h"
#include "rehearsal/rehearsal_place.h"

namespace dispatcher::cli {

/// What `rehearse` was asked for.
struct RehearsalOptions {
    std::uint32_t kills = 0;
    std::uint64_t seed = 0;
    std::string faults_file;  ///< of the mock gateway; empty: none
    std::string latency;      ///< of the mock gateway, "20ms"; empty: none
    std::string folder;       ///< to be kept; empty: a temporary one
};

/// Rehearses one campaign whose audience is read: in a folder of its own, with a store, journals
/// and a server file of its own, against the mock gateway, killed at random. Nothing real is
/// written to, no credential is read. One thread.
class Rehearsal {
  public:
    /// `real` is the server file whose gateways the campaign names. Both outlive this.
    Rehearsal(const ServerFile& real, PreparedCampaign& prepared, const RehearsalOptions& options);

    /// Throws ConfigError, UnavailableError; std::runtime_error for a bug.
    RehearsalResult run(SignalWatch& signals, Invocation& invocation, const Plan& plan);

  private:
    void start_mock(int stop_fd);
    void subscribe(MockProcessOptions& mock);
    void set_up();
    void seal(SignalWatch& signals, Invocation& invocation);
    std::string send(SignalWatch& signals, Invocation& invocation, RehearsalResult& result);
    void judge(RehearsalResult& result);
    void add_accepted(Judge& judge, RehearsalResult& result);
    void estimate(const Plan& plan, RehearsalResult& result) const;
    void add_notes(RehearsalResult& result) const;
    [[nodiscard]] std::string server_file() const { return place_.path("pushonce.yaml"); }

    const ServerFile& real_;
    PreparedCampaign& prepared_;
    const RehearsalOptions options_;
    RehearsalPlace place_;
    std::unique_ptr<MockProcess> mock_;
    std::vector<GatewayOptions> gateways_;  ///< of the rehearsal
    bool is_wire_less_ = false;
};

}  // namespace dispatcher::cli
