#include "cli/drain.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/number_text.h"
#include "cli/state_change.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr std::size_t kChunksPage = 500;
constexpr std::size_t kKeysPage = 1000;

/// The open claims of one campaign at one moment.
class OpenClaims {
  public:
    OpenClaims(CampaignStore& store, const CampaignHead& campaign)
        : store_(store), campaign_(campaign) {
        for (ChunkNo first{0};;) {
            const auto chunks = store.session().list_chunks(campaign.id, first, kChunksPage);
            for (const auto& chunk : chunks)
                if (chunk.state == ChunkState::leased) read(chunk);
            if (chunks.size() < kChunksPage) break;
            first.value = chunks.back().no.value + 1;
        }
    }

    /// Adds how the claims stand now.
    void count(Drained& drained) const {
        std::vector<std::string_view> page;
        for (auto next = claims_.begin(); next != claims_.end();) {
            page.clear();
            for (; next != claims_.end() && page.size() < kKeysPage; ++next)
                page.emplace_back(next->first);
            FlagRows rows;
            store_.session().read_keys(campaign_.scope, page, rows);
            for (std::size_t i = 0; i < rows.size(); ++i)
                count(drained, rows.rows[i], claims_.at(std::string(rows.appids[i])));
        }
        drained.claimed += claims_.size();
    }

    [[nodiscard]] bool is_worked_on() const {
        return !claims_.empty() && cli::is_worked_on(store_, campaign_.id);
    }

  private:
    // Chunks of several gateways overlap: a recipient is counted once.
    void read(const ChunkHead& chunk) {
        FlagRows rows;
        store_.session().read_flags({campaign_.scope, chunk.key_lo, chunk.key_hi}, rows);
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (rows.rows[i].state == FlagState::claimed && rows.rows[i].campaign == campaign_.id)
                claims_.emplace(std::string(rows.appids[i]), rows.rows[i].claim);
    }

    static void count(Drained& drained, const FlagRows::Row& row, ClaimId claim) {
        const bool is_unsent =
            row.state == FlagState::released &&
            (row.code.reason == Reason::stopped || row.code.reason == Reason::never_written);
        if (row.state == FlagState::claimed && row.claim == claim)
            ++drained.left;
        else if (!is_unsent)
            ++drained.on_the_wire;
    }

    CampaignStore& store_;
    const CampaignHead campaign_;
    std::map<std::string, ClaimId> claims_;
};

}  // namespace

Drained drain(CampaignStore& store, SignalWatch& signals,
              const std::vector<CampaignRecord>& campaigns) {
    std::vector<OpenClaims> open;
    for (const auto& campaign : campaigns)
        open.emplace_back(store, campaign.head);
    for (;;) {
        Drained drained;
        for (const auto& claims : open)
            claims.count(drained);
        const bool is_waited_for =
            drained.left > 0 && std::any_of(open.begin(), open.end(),
                                            [](const auto& one) { return one.is_worked_on(); });
        if (!is_waited_for) return drained;
        drained.is_interrupted = signals.wait_for(kLook);
        if (drained.is_interrupted) return drained;
    }
}

Drained drained_by(CampaignStore& store, const std::vector<CampaignRecord>& campaigns,
                   const std::function<bool(const CampaignRecord&)>& wait) {
    std::vector<OpenClaims> open;
    for (const auto& campaign : campaigns)
        open.emplace_back(store, campaign.head);
    Drained drained;
    for (const auto& campaign : campaigns)
        drained.is_interrupted = !wait(campaign) || drained.is_interrupted;
    for (const auto& claims : open)
        claims.count(drained);
    return drained;
}

std::string drained_sentence(const Drained& drained) {
    return fmt::format(
        "{} on the wire when it took effect, {} given back unsent",
        drained.on_the_wire == 1 ? "1 notification was"
                                 : with_separators(drained.on_the_wire) + " notifications were",
        drained.given_back() == 1 ? "1 was" : with_separators(drained.given_back()) + " were");
}

}  // namespace dispatcher::cli
