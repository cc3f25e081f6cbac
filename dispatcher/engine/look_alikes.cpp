#include "engine/look_alikes.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "audience/chunk_block.h"
#include "campaign/routing.h"
#include "campaign/text_likeness.h"
#include "campaign/visible_text.h"

namespace dispatcher {
namespace {

constexpr auto kLookBack = std::chrono::hours(24 * 30);
constexpr std::size_t kCampaignsMax = 50;
constexpr double kShareMin = 0.2;
constexpr std::size_t kKeysPage = 1000;
constexpr std::size_t kChunksPage = 500;

/// A template with less text of its own than this, beside its columns, says nothing about what
/// people read: the audience's rows do.
constexpr std::size_t kOwnTextBytesMin = 8;

/// The texts of one message, by locale, shaped when they are first asked for.
class Texts {
  public:
    explicit Texts(const Campaign& campaign) : campaign_(campaign) {}

    const TextShape& of(const std::string& locale) {
        const auto known = shapes_.find(locale);
        if (known != shapes_.end()) return known->second;
        return shapes_.emplace(locale, shape(locale)).first->second;
    }

    [[nodiscard]] std::string best(const std::string& wanted) const {
        return best_locale(campaign_.message, wanted);
    }

  private:
    /// Each column stands as its name; empty where the text is made of columns.
    [[nodiscard]] TextShape shape(const std::string& locale) const {
        const auto& columns = campaign_.audience.columns;
        const ColumnValues names(columns.begin(), columns.end());
        auto text = visible_text(campaign_.message, locale, columns, names);
        const auto own = visible_text(campaign_.message, locale, columns, {});
        if (text != own && TextShape(own).size() < kOwnTextBytesMin) text.clear();
        return TextShape(text);
    }

    const Campaign& campaign_;
    std::map<std::string, TextShape> shapes_;
};

/// Compares what each sampled device would read with what it read, or was to read, before.
class Comparison {
  public:
    Comparison(Texts& now, const Campaign& before) : now_(now), texts_(before) {}

    double likeness(const std::string& wanted_locale) {
        const auto pair = std::pair(now_.best(wanted_locale), texts_.best(wanted_locale));
        const auto known = known_.find(pair);
        if (known != known_.end()) return known->second;
        const auto& text = now_.of(pair.first);
        const auto found = text.size() == 0 ? 0 : text.likeness(texts_.of(pair.second));
        known_.emplace(pair, found);
        return found;
    }

  private:
    Texts& now_;
    Texts texts_;
    std::map<std::pair<std::string, std::string>, double> known_;
};

/// What became of a sampled device in another campaign.
enum class Fate : std::uint8_t { nothing, delivered, in_doubt, expected, refused };

Fate fate_of(const FlagRows::Row& row, CampaignId campaign) {
    if (row.campaign != campaign) return Fate::nothing;
    switch (row.state) {
        case FlagState::delivered:
            return Fate::delivered;
        case FlagState::in_doubt:
        case FlagState::claimed:
            return Fate::in_doubt;
        case FlagState::rejected:
        case FlagState::skipped:
            return Fate::refused;
        case FlagState::released:
            break;
    }
    return Fate::nothing;
}

/// The sampled devices that would read the same, in the order of appids, and what became of them.
struct Suspects {
    std::vector<std::string_view> appids;
    std::vector<std::size_t> members;  ///< their places in the sample
    std::vector<Fate> fates;
};

void read_fates(CampaignStore& store, const CampaignHead& campaign, Suspects& suspects) {
    suspects.fates.assign(suspects.appids.size(), Fate::nothing);
    const std::span<const std::string_view> all(suspects.appids);
    FlagRows flags;
    for (std::size_t begin = 0; begin < all.size(); begin += kKeysPage) {
        flags.clear();
        store.session().read_keys(
            campaign.scope, all.subspan(begin, std::min(kKeysPage, all.size() - begin)), flags);
        for (std::size_t row = 0; row < flags.size(); ++row) {
            const auto found = std::ranges::lower_bound(all, flags.appids[row]);
            if (found == all.end() || *found != flags.appids[row]) continue;
            suspects.fates[static_cast<std::size_t>(found - all.begin())] =
                fate_of(flags.rows[row], campaign.id);
        }
    }
}

/// Whoever has no flag yet and is in the sealed audience will get it.
void expect_in_chunk(CampaignStore& store, const ChunkHead& chunk, Suspects& suspects) {
    const auto& appids = suspects.appids;
    const auto at = [&](auto place) { return static_cast<std::size_t>(place - appids.begin()); };
    const auto first = at(std::ranges::lower_bound(appids, std::string_view(chunk.key_lo)));
    const auto last = at(std::ranges::upper_bound(appids, std::string_view(chunk.key_hi)));
    std::optional<AppidList> keys;
    std::vector<std::string_view> views;
    for (auto i = first; i < last; ++i) {
        if (suspects.fates[i] != Fate::nothing) continue;
        if (!keys) {
            const auto payload = store.session().read_payload(chunk.campaign, chunk.no, false);
            if (!payload) return;
            keys = read_chunk_keys(payload->keys);
            views = keys->views();
        }
        if (std::ranges::binary_search(views, appids[i])) suspects.fates[i] = Fate::expected;
    }
}

void read_expected(CampaignStore& store, CampaignId campaign, Suspects& suspects) {
    for (ChunkNo first{0};;) {
        const auto chunks = store.session().list_chunks(campaign, first, kChunksPage);
        for (const auto& chunk : chunks)
            if (chunk.gateway != kExcludedGateway) expect_in_chunk(store, chunk, suspects);
        if (chunks.size() < kChunksPage) return;
        first.value = chunks.back().no.value + 1;
    }
}

LookAlike look_alike_of(const CampaignRecord& record) {
    LookAlike found;
    found.campaign = record.name.text();
    found.once_per = record.campaign.once_per;
    found.state = record.head.state;
    found.since = record.started_at.value_or(record.sealed_at);
    return found;
}

}  // namespace

bool LookAlikes::is_found() const {
    return reached > 0 && share() >= kShareMin;
}

// Plan: one query for the campaigns; their texts in memory; only where a text is alike, the flags
// of the sampled devices, and only of one that goes on, the keys of its chunks.
LookAlikes find_look_alikes(CampaignStore& store, const Campaign& campaign,
                            const AudienceSample& sample) {
    const auto members = sample.members();
    LookAlikes result;
    result.sampled = members.size();
    result.is_sample = sample.seen() > members.size();
    Texts now(campaign);
    std::vector<bool> is_reached(members.size(), false);
    for (const auto& record : store.list_others(campaign, kLookBack, kCampaignsMax)) {
        result.now = record.head.now;
        Comparison comparison(now, record.campaign);
        auto found = look_alike_of(record);
        Suspects suspects;
        for (std::size_t i = 0; i < members.size(); ++i) {
            const auto likeness = comparison.likeness(members[i].locale);
            if (likeness < kNearText) continue;
            found.likeness = std::min(found.likeness, likeness);
            suspects.appids.emplace_back(members[i].appid);
            suspects.members.push_back(i);
        }
        if (suspects.appids.empty()) continue;
        read_fates(store, record.head, suspects);
        if (!is_finished(record.head.state)) read_expected(store, record.head.id, suspects);
        for (std::size_t i = 0; i < suspects.fates.size(); ++i) {
            const auto fate = suspects.fates[i];
            if (fate == Fate::nothing || fate == Fate::refused) continue;
            is_reached[suspects.members[i]] = true;
            ++(fate == Fate::delivered  ? found.delivered
               : fate == Fate::in_doubt ? found.in_doubt
                                        : found.expected);
        }
        if (found.devices() > 0) result.campaigns.push_back(std::move(found));
    }
    result.reached = static_cast<std::uint64_t>(std::ranges::count(is_reached, true));
    std::ranges::stable_sort(result.campaigns, std::ranges::greater{}, &LookAlike::devices);
    return result;
}

}  // namespace dispatcher
