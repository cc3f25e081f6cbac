#include "cli/state_change.h"

#include <ostream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/time_text.h"
#include "cli/operator_identity.h"
#include "cli/state_words.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kChunksPage = 500;
/// Rows of the audit among which the last change of state is looked for.
constexpr std::size_t kAuditRows = 20;

/// "by eve@host at … (because …)", from the newest row of the audit; "" if there is none.
std::string winner(CampaignStore& store, const std::string& campaign) {
    for (const auto& row : store.audit(campaign, kAuditRows)) {
        if (row.action == "resolve" || row.action == "set") continue;
        return fmt::format("{} by {} at {}{}", row.action, row.who, to_iso_text(row.at),
                           row.because.empty() ? "" : " (" + row.because + ")");
    }
    return {};
}

}  // namespace

StateChanged change_state(Site& site, Invocation& invocation, const std::string& campaign,
                          const StateChange& change, const std::string& because) {
    auto& store = site.campaigns();
    auto record = site.find(campaign);
    const auto seen = record.head;
    record.head =
        store.move(record.head.id, change.from, change.to, change.action, this_operator(because));
    const bool is_ours = record.head.state == change.to && seen.state != change.to &&
                         record.head.epoch == seen.epoch + 1;
    if (is_ours) return {std::move(record), true};
    const auto who = winner(store, campaign);
    const auto behind = who.empty() ? std::string() : "; last order: " + who;
    if (record.head.state != change.to)
        throw RefusedError(fmt::format(
            "campaign {} is {}: it cannot be {}d{}", campaign, words_of(record.head.state),
            change.action == "cancel" ? "cancelle" : change.action, behind));
    invocation.err << fmt::format("{} is {} already{}.\n", campaign, words_of(change.to), behind);
    return {std::move(record), false};
}

bool is_worked_on(CampaignStore& store, CampaignId campaign) {
    for (ChunkNo first{0};;) {
        const auto chunks = store.session().list_chunks(campaign, first, kChunksPage);
        for (const auto& chunk : chunks)
            if (chunk.state == ChunkState::leased && chunk.lease_until > chunk.now &&
                !chunk.owner_closed)
                return true;
        if (chunks.size() < kChunksPage) return false;
        first.value = chunks.back().no.value + 1;
    }
}

}  // namespace dispatcher::cli
