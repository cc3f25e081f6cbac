#include "cli/campaign_run.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/assemble.h"
#include "cli/campaign_view.h"
#include "cli/last_order.h"
#include "cli/next_command.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/progress_line.h"
#include "cli/send_rate.h"
#include "cli/state_words.h"
#include "cli/window_sentence.h"
#include "engine/report.h"
#include "notice/http_receiver.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::milliseconds kRateFrom{100};
constexpr std::uint64_t kRateFromSent = 100;

int exit_code_of_end(const std::optional<ReportCounts>& counts) {
    if (!counts) return kExitUnavailable;
    const bool needs_look =
        counts->of(ReportOutcome::in_doubt) + counts->of(ReportOutcome::undelivered) > 0;
    return needs_look ? kExitLook : kExitDone;
}

std::uint64_t settled_by(const Tally& tally) {
    return tally.delivered + tally.rejected + tally.in_doubt + tally.suppressed;
}

std::string stop_sentence(const RunSummary& summary) {
    const auto cause = summary.cause.empty() ? std::string() : ": " + summary.cause;
    switch (summary.stopped) {
        case LaneStop::none:
            return {};
        case LaneStop::asked:
            return "interrupted";
        case LaneStop::campaign_moved:
            return fmt::format("stopped, the campaign is {} now", words_of(summary.state));
        case LaneStop::halted:
            return "stopped" + cause;
        case LaneStop::first_reached:
            return "paused" + cause;
        case LaneStop::gateway_lost:
            return "stopped, a gateway is out of reach" + cause;
        case LaneStop::store_lost:
            return "stopped, the store is out of reach" + cause +
                   "; answers that are not in the store yet are in the journal";
        case LaneStop::source_lost:
            return "stopped, the source of the devices' addresses is out of reach" + cause;
        case LaneStop::source_fault:
            return "paused, the devices' addresses cannot be right" + cause;
        case LaneStop::campaign_fault:
            return "paused, the gateway refuses the campaign and not its devices" + cause;
        case LaneStop::frozen:
            return "frozen, the database lost what it had acknowledged" + cause;
    }
    return {};
}

PauseCause pause_cause(LaneStop stopped) {
    if (stopped == LaneStop::first_reached) return PauseCause::first_look;
    if (stopped == LaneStop::source_fault) return PauseCause::addresses;
    return stopped == LaneStop::campaign_fault ? PauseCause::fault : PauseCause::operators;
}

/// "9,000 sent now in 12 s (750/s)".
std::string sent_sentence(const RunResult& result) {
    if (result.sent == 0) return "0 sent now";
    const auto sentence =
        fmt::format("{} sent now in {}", with_separators(result.sent), duration_text(result.took));
    // Of a few devices, or a moment, a rate would say nothing.
    if (result.took < kRateFrom || result.sent < kRateFromSent) return sentence;
    const auto seconds = static_cast<double>(result.took.count()) / 1000;
    return fmt::format(
        "{} ({}/s)", sentence,
        with_separators(static_cast<std::uint64_t>(static_cast<double>(result.sent) / seconds)));
}

/// What dead_tokens.webhook was not told; "" where it was told everything.
std::string untold_sentence(const std::string& name, const TellingResult& result) {
    if (result.untold == 0) return {};
    return fmt::format(
        "{}: dead_tokens.webhook could not be told of {}{}; `pushonce report {} --dead-tokens` "
        "lists them all.\n",
        name, count_of(result.untold, "dead device token"),
        result.trouble.empty() ? "" : " (" + result.trouble + ")", name);
}

/// Who ordered it, for the audit: which part of the program judged so.
std::string_view origin_of_order(LaneStop why) {
    if (why == LaneStop::first_reached) return kFromFirstLook;
    return why == LaneStop::source_fault ? kFromRefresh : kFromEngine;
}

}  // namespace

int exit_code_of(const RunSummary& summary, const std::optional<ReportCounts>& counts) {
    using enum CampaignState;
    switch (summary.stopped) {
        case LaneStop::asked:
        case LaneStop::gateway_lost:
        case LaneStop::source_lost:
        case LaneStop::store_lost:
            return kExitUnavailable;
        case LaneStop::campaign_fault:
        case LaneStop::source_fault:
        case LaneStop::frozen:
        case LaneStop::halted:
        case LaneStop::first_reached:
            return kExitStopped;
        case LaneStop::campaign_moved:
        case LaneStop::none:
            break;
    }
    switch (summary.state) {
        case done:
        case done_with_doubt:
            return exit_code_of_end(counts);
        case cancelled:
        case purged:
            return kExitRefused;
        case frozen:
            return kExitStopped;
        default:
            return kExitUnavailable;
    }
}

CampaignRun::CampaignRun(Site& site, std::stop_token stop, Invocation& invocation, RunStyle style)
    : site_(site),
      stop_(std::move(stop)),
      invocation_(invocation),
      style_(style),
      terminal_(style == RunStyle::alone ? Terminal::of_this_process() : Terminal{}),
      dispatcher_({site.store(), site.journals(), site.clock(), site.random(), observer_,
                   site.engine_options(), HostIdentity::of_this_process(),
                   [this](const SealedGateway& sealed) { return site_.sealed_gateway(sealed); },
                   [this](CampaignId campaign, LaneStop why, const std::string& cause) {
                       intervene(campaign, why, cause);
                   },
                   [this](const AudiencePart& refresh) { return site_.address_book(refresh); }}) {
    const auto& listen = site.server().server.ops_listen;
    if (listen.empty() || style == RunStyle::among) return;
    probe_ = open_campaign_store(site.server().store);
    ops_ = std::make_unique<OpsServer>(
        listen, [this] { return metrics_text(dispatcher_.tally()); },
        [this] { (void)probe_->store_id(); });
}

CampaignRun::~CampaignRun() = default;

const Recovered& CampaignRun::recover() {
    recovered_ = dispatcher_.recover();
    if (const auto sentence = recovered_sentence(recovered_); !sentence.empty())
        invocation_.err << "A process of this host died: " << sentence << ".\n";
    if (recovered_.untrusted > 0)
        invocation_.err << fmt::format(
            "{} of dead processes cannot be trusted (another boot, or damaged): what those had "
            "claimed is in doubt.\n",
            count_of(recovered_.untrusted, "journal"));
    return recovered_;
}

RunResult CampaignRun::run(const CampaignRecord& record) {
    RunResult result;
    Report report(site_.campaigns(), record);
    const auto total = record.campaign.audience.members();
    // Counting reads every flag; of a campaign that is finished nothing is left to show.
    const bool is_over = is_finished(record.head.state);
    const auto settled_before = is_over ? total : report.count().settled();
    const auto before = dispatcher_.tally();
    const auto started = site_.clock().now();
    if (const auto window = window_sentence(record.settings, record.head.now);
        !window.empty() && !is_over)
        invocation_.err << fmt::format("{} {}.\n", record.name.text(), window);
    {
        SendRate rate;
        const ProgressLine progress(invocation_.err, terminal_, [&] {
            const auto tally = dispatcher_.tally();
            const auto ours = settled_by(tally) - settled_by(before);
            rate.observe(site_.clock().now(), ours);
            const auto whose =
                style_ == RunStyle::among ? record.name.text() + ": " : std::string();
            return whose +
                   progress_text(std::min(total, settled_before + ours), total, rate.per_second()) +
                   fmt::format(" · now delivered {}, rejected {}, in doubt {}",
                               with_separators(tally.delivered), with_separators(tally.rejected),
                               with_separators(tally.in_doubt));
        });
        result.summary = dispatch(record, result);
    }
    result.took =
        std::chrono::duration_cast<std::chrono::milliseconds>(site_.clock().now() - started);
    result.sent = dispatcher_.tally().sent - before.sent;
    result.tallies = dispatcher_.tallies();
    if (result.summary.stopped != LaneStop::store_lost) result.counts = report.count();
    result.exit_code = exit_code_of(result.summary, result.counts);
    return result;
}

/// The run itself; whoever keeps the device tokens is told meanwhile which of them are dead.
RunSummary CampaignRun::dispatch(const CampaignRecord& record, RunResult& result) {
    const auto& webhook = site_.server().dead_token_webhook;
    if (!webhook) return dispatcher_.run(record, stop_);
    DeadTokenTeller teller(record.name.text(),
                           std::make_unique<HttpReceiver>(*webhook, site_.clock()),
                           webhook->timeout, site_.clock());
    struct Passing {
        RunObserver& observer;
        ~Passing() { observer.pass_dead_tokens_to(nullptr); }
    };
    const Passing passing{observer_};
    observer_.pass_dead_tokens_to(&teller);
    auto summary = dispatcher_.run(record, stop_);
    result.dead_tokens = teller.finish();
    return summary;
}

void CampaignRun::conclude(const CampaignRecord& record, const RunResult& result) const {
    auto& err = invocation_.err;
    const auto& name = record.name.text();
    if (observer_.already_claimed_total() > 0)
        err << fmt::format(
            "{} already claimed by another worker.\n",
            observer_.already_claimed_total() == 1
                ? "1 recipient was"
                : with_separators(observer_.already_claimed_total()) + " recipients were");
    if (const auto stop = stop_sentence(result.summary); !stop.empty())
        err << fmt::format("{}: {}.\n", name, stop);
    const auto sent = sent_sentence(result);
    if (result.counts)
        err << fmt::format("{}: {}: {}; {}.\n", name,
                           count_of(record.campaign.audience.members(), "device"),
                           counts_sentence(*result.counts), sent);
    else
        err << fmt::format("{}: {}.\n", name, sent);
    if (record.campaign.gateways.size() > 1)
        for (const auto& [gateway, tally] : result.tallies)
            err << fmt::format("  {}: {} sent now: {} delivered, {} rejected, {} in doubt\n",
                               gateway, with_separators(tally.sent),
                               with_separators(tally.delivered), with_separators(tally.rejected),
                               with_separators(tally.in_doubt));
    if (result.dead_tokens) err << untold_sentence(name, *result.dead_tokens);
    const auto state = result.summary.state;
    const auto next =
        next_command({state, name, result.counts, false, pause_cause(result.summary.stopped),
                      result.summary.stopped == LaneStop::halted});
    if (result.exit_code != kExitDone) err << "Next: " << next << "\n";
    if (!invocation_.globals.json) return;

    auto view = record_view(record);
    view["state"] = to_string(state);
    view["sent"] = result.sent;
    view["took_ms"] = result.took.count();
    auto by_gateway = nlohmann::ordered_json::array();
    for (const auto& [gateway, tally] : result.tallies)
        by_gateway.push_back({{"gateway", gateway},
                              {"sent", tally.sent.load()},
                              {"delivered", tally.delivered.load()},
                              {"rejected", tally.rejected.load()},
                              {"in_doubt", tally.in_doubt.load()}});
    view["now_by_gateway"] = std::move(by_gateway);
    view["second_chances"] = result.second_chances;
    view["stopped"] = result.summary.stopped == LaneStop::none
                          ? nlohmann::ordered_json(nullptr)
                          : nlohmann::ordered_json(stop_sentence(result.summary));
    view["counts"] = result.counts ? counts_view(*result.counts) : nlohmann::ordered_json(nullptr);
    view["reasons"] =
        result.counts ? reasons_view(*result.counts) : nlohmann::ordered_json(nullptr);
    if (result.dead_tokens)
        view["dead_tokens"] = {{"told", result.dead_tokens->told},
                               {"untold", result.dead_tokens->untold}};
    view["recovered"] = recovered_view(recovered_);
    view["next"] = next;
    view["exit_code"] = result.exit_code;
    print_json(invocation_.out, view);
}

/// The engine's own judgement, as an audit row of the program itself.
void CampaignRun::intervene(CampaignId campaign, LaneStop why, const std::string& cause) {
    using enum CampaignState;
    auto actor = this_operator(cause);
    actor.from = origin_of_order(why);
    const bool freezes = why == LaneStop::frozen;
    site_.campaigns().move(campaign, {running, reconciling, paused}, freezes ? frozen : paused,
                           freezes ? "freeze" : "pause", actor);
}

}  // namespace dispatcher::cli
