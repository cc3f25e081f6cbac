#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "cli/campaign_view.h"
#include "cli/last_order.h"
#include "cli/next_command.h"
#include "cli/number_text.h"
#include "cli/signal_watch.h"
#include "cli/state_change.h"
#include "cli/state_words.h"
#include "cli/store_halt.h"
#include "cli/terminal.h"
#include "cli/unfinished.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "cli/window_sentence.h"
#include "engine/report.h"
#include "engine/window_clock.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kListed = 50;
constexpr std::chrono::milliseconds kWatchEvery{1000};

struct StatusOptions {
    std::string campaign;
    bool watch = false;
};

struct Status {
    std::optional<Halt> halt;
    CampaignRecord record;
    std::optional<ReportCounts> counts;  ///< absent where the flags are purged
    bool is_worked_on = false;
    std::optional<AuditRow> order;        ///< that brought it into its state
    std::vector<CampaignRecord> sisters;  ///< the other campaigns of its scope; not in the list
    std::string next;
};

/// Whether its send window is closed: then no process holds a lease, whether one waits or none.
bool is_waiting(const Status& status) {
    const auto& window = status.record.settings.send_window;
    if (!window || status.record.head.state != CampaignState::running) return false;
    const auto zone = TimeZone::find(window->zone);
    return zone && next_opening(*window, *zone, status.record.head.now).has_value();
}

PauseCause pause_cause(const std::optional<AuditRow>& order) {
    if (order && order->from == kFromFirstLook) return PauseCause::first_look;
    if (order && order->from == kFromRefresh) return PauseCause::addresses;
    return order && order->from == kFromEngine ? PauseCause::fault : PauseCause::operators;
}

Status status_of(Site& site, CampaignRecord listed) {
    auto& store = site.campaigns();
    Status status{store.halted(), std::move(listed), {}, false, {}, {}, {}};
    const auto& record = status.record;
    if (record.head.state != CampaignState::purged) {
        status.counts = Report(store, record).count();
        status.is_worked_on = is_worked_on(store, record.head.id);
    }
    status.order = last_order(store, record);
    status.next =
        next_command({record.head.state, record.name.text(), status.counts, status.is_worked_on,
                      pause_cause(status.order), status.halt.has_value()});
    if (is_waiting(status) && !status.halt)
        status.next = fmt::format(
            "`pushonce status {0} --watch` follows it: a launch, restart or worker that waits goes "
            "on when the window opens; if none is left, `pushonce restart {0}`",
            record.name.text());
    return status;
}

/// What state it is in, and what brought it there.
std::string cause_sentence(const Status& status) {
    using enum CampaignState;
    const auto state = status.record.head.state;
    if (is_waiting(status)) return "nobody is sent to before its window opens";
    if ((state == running || state == reconciling) && !status.is_worked_on)
        return "interrupted: no process works on it" +
               (status.order ? "; " + order_sentence(*status.order) : std::string());
    if (status.order && state != sealed) return order_sentence(*status.order);
    if (state == reconciling) return "everything is sent; a last pass looks for what was lost";
    if (state == sealed) return "nothing was sent yet";
    return {};
}

std::string counts_or_purged(const Status& status) {
    return status.counts ? counts_sentence(*status.counts) : "outcomes purged after retention";
}

/// The state in a word; an interrupted campaign is the one that must be seen in a list.
std::string_view state_word(const Status& status) {
    using enum CampaignState;
    const auto state = status.record.head.state;
    const bool is_sending = state == running || state == reconciling;
    if (is_waiting(status)) return "waiting";
    return is_sending && !status.is_worked_on ? "interrupted" : words_of(state);
}

/// Whose next command stands below a list: of equally urgent campaigns the newest one's.
int urgency_of(const Status& status) {
    using enum CampaignState;
    const auto state = status.record.head.state;
    if (state == frozen) return 5;
    if ((state == running || state == reconciling) && !status.is_worked_on) return 4;
    if (state == paused) return 3;
    if (!is_finished(state)) return 2;
    return status.counts && status.counts->of(ReportOutcome::in_doubt) > 0 ? 1 : 0;
}

nlohmann::ordered_json status_view(const Status& status) {
    auto view = record_view(status.record);
    view["counts"] = status.counts ? counts_view(*status.counts) : nlohmann::ordered_json(nullptr);
    if (status.counts) {
        view["reasons"] = reasons_view(*status.counts);
        view["retryable"] = status.counts->retryable;
        view["never_tried"] = status.counts->never_tried;
        view["claimed"] = status.counts->claimed;
    }
    view["is_worked_on"] = status.is_worked_on;
    view["last_order"] = nullptr;
    if (const auto& order = status.order)
        view["last_order"] = {{"action", order->action},
                              {"at", to_iso_text(order->at)},
                              {"who", order->who},
                              {"from", order->from},
                              {"because", order->because}};
    view["halted"] = nullptr;
    if (status.halt)
        view["halted"] = {{"since", to_iso_text(status.halt->since)},
                          {"who", status.halt->who},
                          {"because", status.halt->because}};
    view["next"] = status.next;
    return view;
}

nlohmann::ordered_json sisters_view(const Status& status) {
    auto sisters = nlohmann::ordered_json::array();
    for (const auto& sister : status.sisters)
        sisters.push_back(
            {{"campaign", sister.name.text()}, {"state", to_string(sister.head.state)}});
    return sisters;
}

std::string status_text(const Status& status) {
    const auto& record = status.record;
    auto text = status.halt ? halt_sentence(*status.halt) + "\n" : std::string();
    text += fmt::format("{}: {}\n", record.name.text(), words_of(record.head.state));
    if (const auto cause = cause_sentence(status); !cause.empty())
        text += "  " + cause + "\n";
    else if (!record.cause.empty())
        text += "  " + record.cause + "\n";
    text += fmt::format("  sealed {} by {}", to_iso_text(record.sealed_at), record.sealed_by);
    if (record.started_at) text += fmt::format("\n  started {}", to_iso_text(*record.started_at));
    if (record.head.deadline)
        text += fmt::format(", deadline {}", to_iso_text(*record.head.deadline));
    if (const auto window = window_sentence(record.settings, record.head.now);
        !window.empty() && !is_finished(record.head.state))
        text += "\n  " + window;
    for (const auto& sister : status.sisters)
        text += fmt::format(
            "{}{} ({})",
            &sister == &status.sisters.front()
                ? fmt::format("\n  once per {}, together with ", record.campaign.once_per)
                : std::string(", "),
            sister.name.text(), words_of(sister.head.state));
    text += fmt::format("\n  {}: {}\n", count_of(record.campaign.audience.members(), "device"),
                        counts_or_purged(status));
    if (!status.counts) return text;
    for (const auto& [key, count] : status.counts->by_reason)
        text += fmt::format("    {:>12}  {}: {}\n", with_separators(count), words_of(key.first),
                            key.second);
    if (status.counts->of(ReportOutcome::pending) > 0)
        text += fmt::format("  pending: {} claimed, {} to be tried again, {} never tried\n",
                            with_separators(status.counts->claimed),
                            with_separators(status.counts->retryable),
                            with_separators(status.counts->never_tried));
    return text;
}

int show_one(Invocation& invocation, Site& site, const StatusOptions& options) {
    SignalWatch signals;
    const auto terminal = Terminal::of_this_process();
    std::string shown;
    for (;;) {
        auto status = status_of(site, site.find(options.campaign));
        status.sisters = sisters_of(site.campaigns(), status.record);
        if (invocation.globals.json) {
            auto view = status_view(status);
            view["other_campaigns_of_scope"] = sisters_view(status);
            print_json(invocation.out, view);
        } else {
            if (terminal.redraws && !shown.empty())
                invocation.out << taken_back(shown, terminal.width);
            shown = status_text(status);
            invocation.out << shown << std::flush;
        }
        const bool is_over = is_finished(status.record.head.state);
        if (!options.watch || is_over || signals.wait_for(kWatchEvery)) {
            if (!invocation.globals.json) invocation.out << "Next: " << status.next << "\n";
            return kExitDone;
        }
        invocation.out << std::flush;
    }
}

int show_all(Invocation& invocation, Site& site) {
    if (const auto halt = site.campaigns().halted(); halt && !invocation.globals.json)
        invocation.out << halt_sentence(*halt) << "\n";
    auto records = site.campaigns().list(kListed);
    std::string next =
        "`pushonce plan FILE` says what a launch would do; `pushonce init DIR` "
        "writes a campaign to try";
    if (records.empty()) invocation.err << "The store has no campaign yet.\n";
    int urgency = -1;
    for (auto& listed : records) {
        const auto status = status_of(site, site.find(listed.name.text()));
        if (invocation.globals.json)
            print_json(invocation.out, status_view(status));
        else
            invocation.out << fmt::format("{:<32} {:<16} {}\n", status.record.name.text(),
                                          state_word(status), counts_or_purged(status));
        if (urgency_of(status) <= urgency) continue;
        urgency = urgency_of(status);
        next = status.next;
    }
    if (!invocation.globals.json) invocation.out << "Next: " << next << "\n";
    return kExitDone;
}

int status(Invocation& invocation, const StatusOptions& options) {
    Site site(invocation.globals);
    return options.campaign.empty() ? show_all(invocation, site)
                                    : show_one(invocation, site, options);
}

}  // namespace

void add_status(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<StatusOptions>();
    const auto verb = app.add_subcommand("status", "States and counts, and what to do next");
    verb.add_option("CAMPAIGN", options->campaign, "Its name; absent: the newest 50");
    verb.add_flag("--watch", options->watch, "Again every second, until it is finished");
    verb.footer(
        "Counts come from the flags themselves: they are the counts of the report's lines.\n"
        "Examples:\n"
        "  pushonce status\n"
        "  pushonce status spring-sale --watch\n"
        "  pushonce --json status spring-sale");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return status(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
