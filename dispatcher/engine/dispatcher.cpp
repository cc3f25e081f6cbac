#include "engine/dispatcher.h"

#include <algorithm>
#include <fstream>

#include <unistd.h>

#include "base/crash_point.h"
#include "base/encoding.h"
#include "base/invariant.h"
#include "engine/lane.h"
#include "engine/reconciler.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// Worst first: the reason that the run reports when its lanes stopped for several.
int severity(LaneStop stop) {
    switch (stop) {
        case LaneStop::frozen:
            return 9;
        case LaneStop::campaign_fault:
        case LaneStop::source_fault:
            return 8;
        case LaneStop::store_lost:
            return 7;
        case LaneStop::source_lost:
            return 6;
        case LaneStop::gateway_lost:
            return 5;
        case LaneStop::halted:
            return 4;
        case LaneStop::first_reached:
            return 3;
        case LaneStop::campaign_moved:
            return 2;
        case LaneStop::asked:
            return 1;
        case LaneStop::none:
            break;
    }
    return 0;
}

/// Stops that end the whole run, not only their lane.
bool ends_run(LaneStop stop) {
    return stop != LaneStop::none && stop != LaneStop::gateway_lost;
}

/// Whether the lanes stopped because somebody else was about to finish: then that is awaited.
bool others_finish(const RunSummary& summary) {
    return summary.stopped == LaneStop::campaign_moved &&
           (summary.state == CampaignState::reconciling || summary.state == CampaignState::running);
}

}  // namespace

HostIdentity HostIdentity::of_this_process() {
    HostIdentity identity;
    std::string name(256, '\0');
    gethostname(name.data(), name.size());
    identity.host = name.c_str();
    identity.host.resize(std::min<std::size_t>(identity.host.size(), 64));
    // 36 characters of a UUID: its 16 bytes are what the incarnation row has room for.
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string text;
    std::getline(file, text);
    std::erase(text, '-');
    for (std::size_t i = 0; i + 1 < text.size() && identity.boot_id.size() < 16; i += 2)
        identity.boot_id += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
    identity.boot_id.resize(16, '\0');
    identity.pid = getpid();
    return identity;
}

/// A lane with what it owns, in the order in which it must end.
struct Dispatcher::Running {
    explicit Running(LaneContext made) : context(std::move(made)) {}

    std::unique_ptr<Journal> journal;
    std::unique_ptr<AddressBook> book;
    std::unique_ptr<AddressBinder> binder;
    LaneContext context;
    std::unique_ptr<Gateway> gateway;
    std::unique_ptr<Lane> lane;
    std::unique_ptr<LaneThreads> threads;
};

Dispatcher::Dispatcher(DispatcherParts parts)
    : parts_(std::move(parts)), flags_(parts_.store, parts_.options.lease) {}

Dispatcher::~Dispatcher() = default;

/// Repeats `work`, which is complete in itself and safe to repeat, while the store is away, for as
/// long as the lanes would wait for it.
template <class Work>
auto Dispatcher::patiently(Work&& work) {
    const auto give_up_at = parts_.clock.now() + parts_.options.store_patience;
    for (Wakeup pause;;) {
        try {
            return work();
        } catch (const StoreError& error) {
            using enum StoreError::Kind;
            if (error.kind() == durability_lost || error.kind() == schema ||
                parts_.clock.now() >= give_up_at)
                throw;
        }
        constexpr milliseconds kStoreRetry{200};
        flags_.disconnect();
        pause.wait_until(parts_.clock, parts_.clock.now() + kStoreRetry);
    }
}

Recovered Dispatcher::recover() {
    const auto& host = parts_.host;
    const auto me = patiently(
        [&] { return flags_.begin_incarnation(parts_.random, host.host, host.boot_id, host.pid); });
    Recovered recovered;
    patiently([&] { recover_dead(parts_.journals, flags_, me, recovered); });
    patiently([&] { flags_.close_incarnation(me); });
    return recovered;
}

// Plan: recover; then lanes until every chunk is closed; then reconcile; again while the
// reconciliation finds something to do.
RunSummary Dispatcher::run(const CampaignRecord& record, std::stop_token stop) {
    recover();
    for (;;) {
        const auto head = patiently([&] { return flags_.session().read_campaign(record.head.id); });
        invariant(head.has_value(), "a campaign that runs has a row");
        if (head->state == CampaignState::running) {
            if (head->is_halted) return {LaneStop::halted, "the store is halted", head->state};
            auto summary = run_lanes(record, *head, stop);
            if (summary.stopped != LaneStop::none) {
                act_on(summary, record.head.id);
                if (!others_finish(summary)) return summary;
                continue;
            }
        } else if (head->state != CampaignState::reconciling) {
            const bool is_over = is_finished(head->state);
            return {is_over ? LaneStop::none : LaneStop::campaign_moved,
                    std::string(to_string(head->state)), head->state};
        }
        Reconciler reconciler(flags_, record.campaign.in_doubt, ours_);
        const auto after = patiently([&] { return reconciler.run(record.head.id); });
        if (is_finished(after.state)) return {LaneStop::none, {}, after.state};
        if (stop.stop_requested()) return {LaneStop::asked, "interrupted", after.state};
    }
}

/// Carries out the engine's own judgement, and looks up how the campaign stands now.
void Dispatcher::act_on(RunSummary& summary, CampaignId campaign) {
    if (summary.stopped == LaneStop::campaign_fault || summary.stopped == LaneStop::source_fault) {
        parts_.observer.campaign_paused(summary.cause);
        parts_.intervene(campaign, summary.stopped, summary.cause);
    } else if (summary.stopped == LaneStop::first_reached) {
        // Another process may have paused it, and an operator looked, in the meantime.
        const auto settings = patiently([&] { return flags_.session().read_settings(campaign); });
        if (settings && settings->first_count > 0)
            parts_.intervene(campaign, summary.stopped, summary.cause);
    } else if (summary.stopped == LaneStop::frozen) {
        parts_.intervene(campaign, summary.stopped, summary.cause);
    }
    if (summary.stopped == LaneStop::store_lost) return;
    const auto head = patiently([&] { return flags_.session().read_campaign(campaign); });
    if (head) summary.state = head->state;
}

RunSummary Dispatcher::run_lanes(const CampaignRecord& record, const CampaignHead& head,
                                 std::stop_token stop) {
    // An operator may have changed them since the record was read.
    const auto settings = patiently([&] { return flags_.session().read_settings(head.id); });
    std::vector<std::unique_ptr<Running>> lanes;
    for (std::size_t i = 0; i < record.campaign.gateways.size(); ++i)
        lanes.push_back(start_lane(record, head, settings.value_or(record.settings),
                                   GatewayNo{static_cast<std::uint16_t>(i)}));

    Wakeup wakeup;
    const std::stop_callback on_stop(stop, [&] { wakeup.poke(); });
    const auto all_done = [&] {
        return std::all_of(lanes.begin(), lanes.end(),
                           [](const auto& running) { return running->lane->is_done(); });
    };
    constexpr milliseconds kLook{50};
    while (!all_done()) {
        auto reason = stop.stop_requested() ? LaneStop::asked : LaneStop::none;
        for (const auto& running : lanes)
            if (const auto stopped = running->lane->control.stopped(); ends_run(stopped))
                reason = std::max(reason, stopped,
                                  [](auto a, auto b) { return severity(a) < severity(b); });
        if (reason != LaneStop::none)
            for (const auto& running : lanes)
                running->threads->stop(reason);
        wakeup.wait_until(parts_.clock, parts_.clock.now() + kLook);
    }

    RunSummary summary;
    for (const auto& running : lanes) {
        running->threads->join();
        const auto& control = running->lane->control;
        if (severity(control.stopped()) > severity(summary.stopped)) {
            summary.stopped = control.stopped();
            summary.cause = control.cause();
        }
    }
    for (const auto& running : lanes)
        end_lane(*running, running->lane->control.stopped() != LaneStop::store_lost &&
                               running->lane->control.stopped() != LaneStop::frozen);
    return summary;
}

/// Those of every gateway of the campaign.
std::vector<const GatewayType*> Dispatcher::types_of(const CampaignRecord& record) const {
    std::vector<const GatewayType*> types;
    for (const auto& sealed : record.campaign.gateways)
        types.push_back(parts_.gateway(record.settings.expected(sealed)).type);
    return types;
}

std::unique_ptr<Dispatcher::Running> Dispatcher::start_lane(const CampaignRecord& record,
                                                            const CampaignHead& head,
                                                            const Settings& settings,
                                                            GatewayNo gateway) {
    const auto sealed = record.settings.expected(record.campaign.gateways[gateway.value]);
    const auto choice = parts_.gateway(sealed);
    const auto& host = parts_.host;
    const auto incarnation = patiently(
        [&] { return flags_.begin_incarnation(parts_.random, host.host, host.boot_id, host.pid); });
    std::unique_ptr<AddressBook> book;
    std::unique_ptr<AddressBinder> binder;
    if (const auto& origin = record.campaign.audience.origin; origin && origin->refresh) {
        book = parts_.addresses(*origin->refresh);
        binder =
            std::make_unique<AddressBinder>(*book, *choice.type, record.campaign.audience.columns,
                                            address_columns(types_of(record)));
    }
    auto tokens = patiently([&] {
        return DeviceTokens(parts_.store.store_id(), sealed, *choice.type,
                            record.campaign.audience.columns);
    });
    auto journal = parts_.journals.create(incarnation);
    crash_point("CP02");
    auto& journal_used = *journal;
    auto running = std::make_unique<Running>(LaneContext{head,
                                                         record.campaign,
                                                         settings,
                                                         gateway,
                                                         sealed.name,
                                                         choice.options->rate_per_second,
                                                         incarnation,
                                                         {},
                                                         parts_.options,
                                                         parts_.store,
                                                         journal_used,
                                                         parts_.clock,
                                                         parts_.random,
                                                         parts_.observer,
                                                         tally_of(sealed.name),
                                                         std::move(tokens),
                                                         binder.get()});
    running->book = std::move(book);
    running->binder = std::move(binder);
    running->journal = std::move(journal);
    running->gateway = choice.type->open(*choice.options, parts_.clock, parts_.random);
    running->lane = std::make_unique<Lane>(running->context, *running->gateway, *choice.type,
                                           choice.options->patience);
    ours_.push_back(incarnation);
    running->threads = std::make_unique<LaneThreads>(*running->lane, *running->gateway,
                                                     parts_.clock, parts_.options);
    return running;
}

/// A lane that settled everything leaves no journal; one that could not leaves it for the next run.
void Dispatcher::end_lane(Running& running, bool settled) {
    running.threads.reset();
    running.lane.reset();
    running.gateway.reset();
    const bool is_clean = settled && running.journal->open_batches() == 0;
    running.journal.reset();
    if (!is_clean) return;
    patiently([&] { flags_.close_incarnation(running.context.incarnation); });
    parts_.journals.retire(running.context.incarnation);
}

Tally& Dispatcher::tally_of(const std::string& gateway) {
    const std::lock_guard lock(mutex_);
    return tallies_[gateway];
}

Tally Dispatcher::tally() const {
    Tally sum;
    const std::lock_guard lock(mutex_);
    for (const auto& [gateway, tally] : tallies_)
        sum.add(tally);
    return sum;
}

std::vector<GatewayTally> Dispatcher::tallies() const {
    std::vector<GatewayTally> tallies;
    const std::lock_guard lock(mutex_);
    for (const auto& [gateway, tally] : tallies_)
        tallies.push_back({gateway, tally});
    return tallies;
}

}  // namespace dispatcher
