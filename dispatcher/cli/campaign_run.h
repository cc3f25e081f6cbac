#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/invocation.h"
#include "cli/ops_server.h"
#include "cli/run_observer.h"
#include "cli/site.h"
#include "cli/terminal.h"
#include "engine/dispatcher.h"
#include "engine/report_counts.h"

namespace dispatcher::cli {

/// How a run ended, with the counts of the whole campaign afterwards.
struct RunResult {
    RunSummary summary;
    std::uint64_t sent = 0;  ///< by this process, now
    std::chrono::milliseconds took{0};
    std::uint64_t second_chances = 0;    ///< given just before the run
    std::vector<GatewayTally> tallies;   ///< what this process did, by gateway
    std::optional<ReportCounts> counts;  ///< absent where the store is gone
    /// What dead_tokens.webhook was told now; absent where there is none.
    std::optional<TellingResult> dead_tokens;
    int exit_code = kExitDone;
};

/// The exit code that a run, and the campaign as it stands after it, mean.
int exit_code_of(const RunSummary& summary, const std::optional<ReportCounts>& counts);

/// How a run shows itself.
enum class RunStyle : std::uint8_t {
    alone,  ///< progress on the screen, health and metrics on a port
    among,  ///< one of several in this process: progress in the log, by the campaign's name
};

/// Sends campaigns from this process, with progress on the screen and its health on a port: what
/// launch, restart, test and worker share. One thread.
class CampaignRun {
  public:
    /// All outlive the run.
    CampaignRun(Site& site, std::stop_token stop, Invocation& invocation,
                RunStyle style = RunStyle::alone);
    ~CampaignRun();

    /// Settles what dead processes of this host left and says so.
    const Recovered& recover();

    /// Runs a campaign that is running or reconciling until nothing is left to do, or a stop.
    RunResult run(const CampaignRecord& record);

    /// Says how the run ended: a sentence for people; with --json one document on `out`.
    void conclude(const CampaignRecord& record, const RunResult& result) const;

    /// What this run did so far; may be read from any thread.
    [[nodiscard]] Tally tally() const { return dispatcher_.tally(); }

  private:
    RunSummary dispatch(const CampaignRecord& record, RunResult& result);
    void intervene(CampaignId campaign, LaneStop why, const std::string& cause);

    Site& site_;
    const std::stop_token stop_;
    Invocation& invocation_;
    const RunStyle style_;
    const Terminal terminal_;
    RunObserver observer_;
    Dispatcher dispatcher_;
    Recovered recovered_;
    std::unique_ptr<CampaignStore> probe_;  ///< the ops server's own way to the store
    std::unique_ptr<OpsServer> ops_;
};

}  // namespace dispatcher::cli
