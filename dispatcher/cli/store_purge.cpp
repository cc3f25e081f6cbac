#include <atomic>
#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/time_text.h"
#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/progress_line.h"
#include "cli/signal_watch.h"
#include "cli/site.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/purge.h"

namespace dispatcher::cli {
namespace {

struct PurgeOptions {
    bool dry_run = false;
    bool yes = false;
    std::string because;
};

std::string_view word_of(PurgeStep::What what) {
    switch (what) {
        case PurgeStep::What::audience:
            return "audience";
        case PurgeStep::What::flags:
            return "flags";
        case PurgeStep::What::dead_tokens:
            break;
    }
    return "dead_tokens";
}

std::string names_of(const PurgeStep& step) {
    if (step.what == PurgeStep::What::dead_tokens) return "dead tokens";
    std::string names;
    for (const auto& campaign : step.campaigns)
        names += (names.empty() ? "" : ", ") + campaign.name;
    return names;
}

std::uint64_t recipients_of(const PurgeStep& step) {
    std::uint64_t recipients = 0;
    for (const auto& campaign : step.campaigns)
        recipients += campaign.recipients;
    return recipients;
}

std::string step_text(const PurgeStep& step) {
    if (step.what == PurgeStep::What::dead_tokens)
        return fmt::format("dead tokens: {} that no gateway has called dead since",
                           with_separators(step.dead_tokens));
    return fmt::format("{}: {} of {}, last order {}", names_of(step),
                       step.what == PurgeStep::What::flags
                           ? "flags, appids and data (its name stays taken)"
                           : "the audience's data (flags and appids stay)",
                       count_of(recipients_of(step), "device"), to_iso_text(step.last_sign));
}

nlohmann::ordered_json step_view(const PurgeStep& step, const PurgeResult& result, bool is_done) {
    if (step.what == PurgeStep::What::dead_tokens)
        return {{"what", word_of(step.what)},
                {"dead_tokens", step.dead_tokens},
                {"is_done", is_done},
                {"dead_tokens_deleted", result.dead_tokens}};
    auto campaigns = nlohmann::ordered_json::array();
    for (const auto& campaign : step.campaigns)
        campaigns.push_back(campaign.name);
    return {{"what", word_of(step.what)},
            {"campaigns", campaigns},
            {"recipients", recipients_of(step)},
            {"last_order", to_iso_text(step.last_sign)},
            {"is_done", is_done},
            {"flags_deleted", result.flags},
            {"chunks_dropped", result.chunks_dropped},
            {"chunks_deleted", result.chunks_deleted},
            {"chunks_damaged", result.chunks_damaged}};
}

/// What was removed.
std::string result_text(const PurgeStep& step, const PurgeResult& result) {
    switch (step.what) {
        case PurgeStep::What::audience:
            return fmt::format("data of {} dropped, their hashes stay",
                               count_of(result.chunks_dropped, "chunk"));
        case PurgeStep::What::flags:
            return fmt::format("{} and the appids of {} deleted", count_of(result.flags, "flag"),
                               count_of(result.chunks_deleted, "chunk"));
        case PurgeStep::What::dead_tokens:
            break;
    }
    return with_separators(result.dead_tokens) + " forgotten";
}

/// One step, with its sentence; answers whether it came to its end.
bool run_step(Invocation& invocation, SignalWatch& signals, Purge& purge, const PurgeStep& step,
              const Actor& actor) {
    PurgeResult result;
    {
        std::atomic<std::uint64_t> done{0};
        const ProgressLine progress(invocation.err, Terminal::of_this_process(), [&] {
            return fmt::format("purging {}: {} rows", names_of(step), with_separators(done));
        });
        result = purge.run(step, actor, [&](const PurgeResult& so_far) {
            done =
                so_far.flags + so_far.chunks_deleted + so_far.chunks_dropped + so_far.dead_tokens;
            return !signals.is_stopped();
        });
    }
    const bool is_done = !result.is_refused && !signals.is_stopped();
    if (invocation.globals.json) print_json(invocation.out, step_view(step, result, is_done));
    invocation.err << fmt::format("{}: {}.\n", names_of(step), result_text(step, result));
    if (result.chunks_damaged > 0)
        invocation.err << fmt::format(
            "{} not what was sealed, and left as it is: look into it before it goes.\n",
            result.chunks_damaged == 1 ? "1 chunk is"
                                       : with_separators(result.chunks_damaged) + " chunks are");
    if (result.is_refused)
        invocation.err << "It was taken up again, or its scope was, meanwhile: the rest stays.\n";
    return is_done && result.chunks_damaged == 0;
}

int purge_store(Invocation& invocation, const PurgeOptions& options) {
    SignalWatch signals;
    Site site(invocation.globals);
    const auto& store = site.server().store;
    Purge purge(site.campaigns(), site.retention(),
                {store.retention_flags, store.retention_audience});
    const auto steps = purge.plan();
    invocation.err << fmt::format("retention: flags {} h, audience {} h ({}).\n",
                                  store.retention_flags.count(), store.retention_audience.count(),
                                  site.server().path);
    for (const auto& step : steps) {
        invocation.err << step_text(step) << "\n";
        if (options.dry_run && invocation.globals.json)
            print_json(invocation.out, step_view(step, {}, false));
    }
    if (steps.empty()) {
        invocation.err << "Nothing in the store is old enough.\n";
        return kExitDone;
    }
    if (options.dry_run) {
        invocation.err << "Nothing was changed.\n";
        return kExitDone;
    }
    if (!options.yes && Terminal::of_this_process().reads &&
        !ask("Remove this for ever? [y/N] ", invocation.err, signals.stop_fd())) {
        invocation.err << "Nothing was changed.\n";
        return kExitRefused;
    }
    const auto actor = this_operator(options.because.empty() ? "retention" : options.because);
    bool is_whole = true;
    for (const auto& step : steps) {
        is_whole = run_step(invocation, signals, purge, step, actor) && is_whole;
        signals.check();
    }
    return is_whole ? kExitDone : kExitLook;
}

}  // namespace

void add_store_purge(const Verb& store, Invocation& invocation) {
    const auto options = std::make_shared<PurgeOptions>();
    const auto verb = store.add_subcommand("purge", "Remove what is older than store.retention");
    verb.add_flag("--dry-run", options->dry_run, "Say it only");
    verb.add_flag("--yes", options->yes, "Do not ask");
    verb.add_option("--because", options->because, "Why, for the audit").type_name("TEXT");
    verb.footer(
        "Only of finished campaigns. After retention.audience their audience's data goes: tokens,\n"
        "names, every column; hashes stay, so that the seal can still be checked. After\n"
        "retention.flags flags and appids go, too, when every campaign of their scope is finished\n"
        "and as old; what was sealed, the audit and the name stay: launching it again is refused.\n"
        "So do dead device tokens that no gateway has called dead for so long: each is asked for\n"
        "again.\n"
        "Safe beside running campaigns, and after kill -9: the next purge goes on.\n"
        "Examples:\n"
        "  pushonce store purge --dry-run\n"
        "  pushonce store purge --yes --because \"monthly\"");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return purge_store(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
