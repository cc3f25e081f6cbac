#include <map>
#include <memory>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "audience/chunk_block.h"
#include "base/error.h"
#include "base/invariant.h"
#include "cli/campaign_view.h"
#include "cli/left_claims.h"
#include "cli/next_command.h"
#include "cli/number_text.h"
#include "cli/operator_identity.h"
#include "cli/site.h"
#include "cli/state_words.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "engine/reconciler.h"
#include "engine/report.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kChunksPage = 500;
constexpr std::size_t kKeysPage = 1000;

struct ResolveOptions {
    std::string campaign;
    std::string because;
    std::vector<std::string> appids;
    bool assume_delivered = false;
    bool skip = false;
    bool resend = false;
    bool all = false;
    bool force = false;
};

/// A device in doubt of the campaign, where it lies.
struct Doubtful {
    ChunkNo chunk;
    ClaimId claim;
    bool operator<(const Doubtful& other) const {
        return std::tie(chunk, claim) < std::tie(other.chunk, other.claim);
    }
};
using Doubt = std::map<Doubtful, AppidList>;

void collect(CampaignStore& store, const CampaignRecord& record, const ChunkHead& chunk,
             const std::set<std::string, std::less<>>& wanted, Doubt& doubt) {
    const auto payload = store.session().read_payload(chunk.campaign, chunk.no, false);
    invariant(payload.has_value(), "a chunk has its keys");
    const auto keys = read_chunk_keys(payload->keys);
    FlagRows flags;
    std::vector<std::string_view> page;
    for (std::size_t begin = 0; begin < keys.size(); begin += kKeysPage) {
        page.clear();
        for (auto i = begin; i < std::min(keys.size(), begin + kKeysPage); ++i)
            if (wanted.empty() || wanted.contains(keys[i])) page.push_back(keys[i]);
        if (page.empty()) continue;
        flags.clear();
        store.session().read_keys(record.head.scope, page, flags);
        for (std::size_t i = 0; i < flags.size(); ++i)
            if (flags.rows[i].campaign == record.head.id &&
                flags.rows[i].state == FlagState::in_doubt)
                doubt[{chunk.no, flags.rows[i].claim}].push(flags.appids[i]);
    }
}

Doubt doubt_of(CampaignStore& store, const CampaignRecord& record,
               const std::vector<std::string>& appids) {
    const std::set<std::string, std::less<>> wanted(appids.begin(), appids.end());
    Doubt doubt;
    for (ChunkNo first{0};;) {
        const auto chunks = store.session().list_chunks(record.head.id, first, kChunksPage);
        for (const auto& chunk : chunks)
            collect(store, record, chunk, wanted, doubt);
        if (chunks.size() < kChunksPage) return doubt;
        first.value = chunks.back().no.value + 1;
    }
}

/// Devices whose sending process may still be alive: it may yet send them, or hear an answer.
std::uint64_t of_living_owners(CampaignStore& store, const Doubt& doubt) {
    std::uint64_t rows = 0;
    for (const auto& [place, appids] : doubt)
        if (!store.session().is_incarnation_closed(incarnation_of(place.claim)))
            rows += appids.size();
    return rows;
}

/// What is sent again must be there to be sent.
void require_data(CampaignStore& store, const CampaignRecord& record, const Doubt& doubt) {
    for (const auto& [place, appids] : doubt) {
        const auto payload = store.session().read_payload(record.head.id, place.chunk, true);
        if (!payload || !payload->data)
            throw RefusedError(fmt::format(
                "retention dropped the data of {0}'s audience: nothing can be sent to these "
                "devices "
                "again. `pushonce resolve {0} --assume-delivered --all` or --skip settles them",
                record.name.text()));
    }
}

struct Order {
    FlagState to;
    Reason reason;
    std::string_view words;
};

Order order_of(const ResolveOptions& options) {
    if (options.assume_delivered + options.skip + options.resend != 1)
        throw ConfigError("resolve", "give one of --assume-delivered, --skip and --resend");
    if (options.all == !options.appids.empty())
        throw ConfigError("resolve", "give either --all or --appid (one or more)");
    if (options.assume_delivered)
        return {FlagState::delivered, Reason::assumed, "assumed delivered"};
    if (options.skip) return {FlagState::skipped, Reason::resolved, "skipped"};
    return {FlagState::released, Reason::resend, "to be sent again"};
}

/// A finished campaign is looked at anew: without doubt it is done, with something to send it runs.
void settle_state(CampaignStore& store, FlagStore& flags, const CampaignRecord& record) {
    using enum CampaignState;
    const auto head = store.session().read_campaign(record.head.id);
    if (head && head->state == done_with_doubt)
        flags.move(head->id, done_with_doubt, head->epoch, reconciling);
    else if (!head || head->state != reconciling)
        return;
    Reconciler(flags, record.campaign.in_doubt, {}).run(record.head.id);
}

int resolve(Invocation& invocation, const ResolveOptions& options) {
    const auto order = order_of(options);
    Site site(invocation.globals);
    auto& store = site.campaigns();
    const auto record = site.find(options.campaign);
    if (record.head.state == CampaignState::purged)
        throw RefusedError(fmt::format("the records of {} are purged: nothing is left to resolve",
                                       options.campaign));
    // Nobody leases in such a campaign again: what lost processes held comes in doubt here.
    if (record.head.state == CampaignState::cancelled || record.head.state == CampaignState::paused)
        invocation.err << left_sentence(site, sweep_visibly(site, record.head, invocation.err));
    const auto doubt = doubt_of(store, record, options.appids);
    std::uint64_t rows = 0;
    for (const auto& [place, appids] : doubt)
        rows += appids.size();
    if (options.resend) require_data(store, record, doubt);
    if (const auto living = of_living_owners(store, doubt); living > 0) {
        if (options.resend && !options.force)
            throw RefusedError(fmt::format(
                "{} of {} in doubt belong to a process that is not known to be dead: it may still "
                "send them. `pushonce restart {}` on its machine proves it; --force sends all the "
                "same and accepts a duplicate",
                with_separators(living), count_of(rows, "device"), options.campaign));
        invocation.err << fmt::format(
            "{} may still be sent: the process that claimed them is not "
            "known to be dead.\n",
            count_of(living, "device"));
    }
    // The order stands in the audit before it takes effect: a re-send is always explained.
    if (rows > 0)
        store.add_audit(record.head.id, "resolve",
                        fmt::format("{} {}{}", count_of(rows, "device"), order.words,
                                    options.force ? " (--force)" : ""),
                        this_operator(options.because));
    FlagStore flags(site.store(), site.server().store.lease);
    for (const auto& [place, appids] : doubt)
        flags.resolve(record.head, place.chunk, place.claim, appids, order.to, order.reason);
    settle_state(store, flags, record);

    const auto after = site.find(options.campaign);
    const auto counts = Report(store, after).count();
    const auto next = next_command({after.head.state, options.campaign, counts, false});
    invocation.err << fmt::format("{} {}: {}. {} is {} now.\nNext: {}\n", count_of(rows, "device"),
                                  order.words, counts_sentence(counts), options.campaign,
                                  words_of(after.head.state), next);
    if (invocation.globals.json)
        print_json(invocation.out, {{"campaign", options.campaign},
                                    {"state", to_string(after.head.state)},
                                    {"resolved", rows},
                                    {"counts", counts_view(counts)}});
    return kExitDone;
}

}  // namespace

void add_resolve(const Verb& app, Invocation& invocation) {
    const auto options = std::make_shared<ResolveOptions>();
    const auto verb = app.add_subcommand("resolve", "Settle devices in doubt");
    verb.add_option("CAMPAIGN", options->campaign, "Its name").required();
    verb.add_flag("--assume-delivered", options->assume_delivered, "Count them as delivered");
    verb.add_flag("--skip", options->skip, "Count them as skipped");
    verb.add_flag("--resend", options->resend, "Send again: accepts that some are notified twice");
    verb.add_flag("--all", options->all, "Every device in doubt");
    verb.add_option("--appid", options->appids, "These devices").type_name("ID");
    verb.add_flag("--force", options->force,
                  "Send again although their process may still be alive");
    verb.add_option("--because", options->because, "Why, for the audit").type_name("TEXT");
    verb.footer(
        "Examples:\n"
        "  pushonce resolve spring-sale --assume-delivered --all\n"
        "  pushonce resolve spring-sale --skip --appid d-000017 d-000018\n"
        "  pushonce resolve spring-sale --resend --all --because \"rather twice than never\"");
    verb.callback([&invocation, options] {
        invocation.action = [&invocation, options] { return resolve(invocation, *options); };
    });
}

}  // namespace dispatcher::cli
