#include "cli/campaign_launch.h"

#include <atomic>
#include <ostream>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/campaign_view.h"
#include "cli/left_claims.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/progress_line.h"
#include "cli/state_words.h"
#include "cli/store_halt.h"
#include "cli/unfinished.h"
#include "engine/report.h"

namespace dispatcher::cli {
namespace {

[[noreturn]] void refuse_state(const CampaignRecord& record) {
    const auto& name = record.name.text();
    const auto cause = record.cause.empty() ? std::string() : " (" + record.cause + ")";
    if (record.head.state == CampaignState::paused)
        throw RefusedError(fmt::format(
            "campaign {0} is paused{1}; `pushonce resume {0} --because \"…\"` lifts the pause",
            name, cause));
    if (record.head.state == CampaignState::frozen)
        throw RefusedError(fmt::format(
            "campaign {0} is frozen{1}: the database lost what it had acknowledged. `pushonce "
            "doctor` first; then `pushonce resume {0} --because \"…\"`",
            name, cause));
    throw RefusedError(fmt::format("campaign {} is {}{}; nothing more is sent", name,
                                   words_of(record.head.state), cause));
}

/// A campaign that ended before: nothing is sent, and the counts say how it stands.
int report_finished(Site& site, Invocation& invocation, const CampaignRun& run,
                    const CampaignRecord& record) {
    RunResult result;
    result.summary.state = record.head.state;
    result.counts = Report(site.campaigns(), record).count();
    result.exit_code = exit_code_of(result.summary, result.counts);
    invocation.err << fmt::format("{} is already finished: 0 sent.\n", record.name.text());
    run.conclude(record, result);
    return result.exit_code;
}

void say_joined(Invocation& invocation, const CampaignRecord& record) {
    invocation.err << fmt::format("{} is sealed already with the same content (by {}){}.\n",
                                  record.name.text(), record.sealed_by,
                                  is_finished(record.head.state) ? "" : ": joining it");
    const auto& audience = record.campaign.audience;
    if (audience.origin && is_live(*audience.origin))
        invocation.err << fmt::format(
            "Its audience stands as it was read then, {} from {}; it is not read again.\n",
            count_of(audience.recipients, "device"), name_of(audience.origin->members));
}

void say_settings(Invocation& invocation, const CampaignRecord& record, const Settings& settings) {
    if (record.settings.to_json() != settings.to_json())
        invocation.err << "Its rate, retries or deadline were other ones when it was sealed; those "
                          "stay in force.\n";
}

}  // namespace

SealedCampaign seal_visibly(Site& site, SignalWatch& signals, Invocation& invocation,
                            const PreparedCampaign& prepared) {
    const auto host = HostIdentity::of_this_process();
    FlagStore flags(site.store(), site.server().store.lease);
    const auto incarnation =
        flags.begin_incarnation(site.random(), host.host, host.boot_id, host.pid);
    std::atomic<std::uint64_t> sealed{0};
    const auto total = prepared.audience.counts().recipients;
    Sealer sealer(site.campaigns(), site.device_records(), incarnation);
    auto answer = [&] {
        const ProgressLine progress(invocation.err, Terminal::of_this_process(), [&sealed, total] {
            return fmt::format("sealing: {} of {}", with_separators(sealed),
                               with_separators(total));
        });
        return sealer.seal(prepared.campaign, prepared.file.settings, prepared.audience,
                           prepared.file.source_text, this_operator(""),
                           [&](std::uint64_t recipients) {
                               signals.check();
                               sealed = recipients;
                           });
    }();
    flags.close_incarnation(incarnation);
    if (answer.is_new)
        invocation.err << fmt::format("Sealed {}: {}.\n", answer.record.name.text(),
                                      count_of(total, "device"));
    else
        say_joined(invocation, answer.record);
    say_settings(invocation, answer.record, prepared.file.settings);
    return answer;
}

SealedCampaign join_unread(const Site& site, Invocation& invocation, CampaignRecord record,
                           const CampaignFile& file) {
    auto joined = Sealer::join(std::move(record), unread_campaign(site, file));
    say_joined(invocation, joined.record);
    say_settings(invocation, joined.record, file.settings);
    return joined;
}

void require_sendable(const CampaignRecord& record) {
    using enum CampaignState;
    switch (record.head.state) {
        case sealed:
        case running:
        case reconciling:
        case done:
        case done_with_doubt:
            return;
        default:
            refuse_state(record);
    }
}

int run_sealed(Site& site, SignalWatch& signals, Invocation& invocation, CampaignRecord record,
               const GiveSecondChances& give) {
    using enum CampaignState;
    CampaignRun run(site, signals.token(), invocation);
    run.recover();
    auto& campaigns = site.campaigns();
    const auto refresh = [&] {
        if (auto fresh = campaigns.find(record.name.text())) record = std::move(*fresh);
    };
    refresh();
    // Nobody leases there again: what lost processes held is settled by whoever comes by.
    if (record.head.state == cancelled || record.head.state == paused)
        invocation.err << left_sentence(site, sweep_visibly(site, record.head, invocation.err));
    require_sendable(record);
    const bool would_send = give || !is_finished(record.head.state);
    if (would_send && is_halted(site, invocation)) return kExitStopped;
    const auto second_chances = give ? give(record) : 0;
    if (second_chances > 0) refresh();
    if (record.head.state == sealed) {
        record.head = campaigns.start(record.head.id, this_operator(""));
        refresh();
    }
    if (reopen_if_unfinished(site, record, this_operator("it has recipients left to send to")))
        invocation.err << fmt::format("{} was finished and has something to send again.\n",
                                      record.name.text());
    if (record.head.state == done || record.head.state == done_with_doubt)
        return report_finished(site, invocation, run, record);
    require_sendable(record);  // it may have been moved meanwhile
    auto result = run.run(record);
    result.second_chances = second_chances;
    run.conclude(record, result);
    return result.exit_code;
}

}  // namespace dispatcher::cli
