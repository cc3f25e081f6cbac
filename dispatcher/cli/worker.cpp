#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "cli/campaign_run.h"
#include "cli/caretaker.h"
#include "cli/verbs.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{1000};
/// Campaigns among which running ones are looked for, newest first.
constexpr std::size_t kLookedAt = 1000;

bool has_work(const CampaignRecord& record) {
    return record.head.state == CampaignState::running ||
           record.head.state == CampaignState::reconciling;
}

int worker(Invocation& invocation) {
    SignalWatch signals;
    Site site(invocation.globals);
    CampaignRun run(site, signals, invocation);
    run.recover();
    invocation.err << "Waiting for campaigns; Ctrl-C drains and ends.\n";
    Caretaker caretaker(site, invocation.err);
    while (!signals.is_stopped()) {
        const auto all = site.campaigns().list(kLookedAt);
        for (const auto& listed : all) {
            if (!signals.is_stopped()) caretaker.look_after(listed, all);
            if (!has_work(listed) || signals.is_stopped()) continue;
            const auto record = site.find(listed.name.text());
            if (!has_work(record)) continue;
            log(LogLevel::info, "working on {}", record.name.text());
            const auto result = run.run(record);
            run.conclude(record, result);
            if (result.summary.stopped == LaneStop::store_lost) return result.exit_code;
        }
        signals.wait_for(kLookEvery);
    }
    return kExitUnavailable;
}

}  // namespace

void add_worker(CLI::App& app, Invocation& invocation) {
    auto* verb = app.add_subcommand("worker", "One more sending process for running campaigns");
    verb->footer(
        "Takes up every campaign that is running, one after the other, until it is stopped. Any\n"
        "number of workers, launches and restarts may work on one campaign at once.\n"
        "Examples:\n"
        "  pushonce worker\n"
        "  pushonce worker --config /etc/pushonce/pushonce.yaml --log-level warn");
    verb->callback(
        [&invocation] { invocation.action = [&invocation] { return worker(invocation); }; });
}

}  // namespace dispatcher::cli
