#include "engine/sealer.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/crash_point.h"
#include "base/error.h"
#include "base/invariant.h"
#include "base/log.h"
#include "base/time_text.h"

namespace dispatcher {
namespace {

/// Chunks gather up to this size before they are stored in one transaction.
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
/// Drafts of processes that were never declared dead.
constexpr auto kDraftAgeMax = std::chrono::hours(24);

void ignore_progress(std::uint64_t) {}

/// The campaign with its sealed target in place of one that was accepted since.
Campaign with_sealed_targets(const CampaignRecord& record, Campaign campaign) {
    for (auto& gateway : campaign.gateways)
        for (const auto& sealed : record.campaign.gateways)
            if (record.settings.expected(sealed) == gateway) gateway = sealed;
    return campaign;
}

bool is_other_target_only(const CampaignRecord& record, Campaign campaign) {
    for (auto& gateway : campaign.gateways)
        for (const auto& sealed : record.campaign.gateways)
            if (gateway.name == sealed.name && gateway.type == sealed.type) gateway = sealed;
    return record.sealed_sha == Sha256::of(campaign.to_json());
}

[[noreturn]] void refuse(const CampaignRecord& record, const Campaign& campaign) {
    std::string lines;
    for (const auto& difference : differences(record.campaign, campaign))
        lines += "\n  " + difference;
    if (is_other_target_only(record, campaign))
        throw RefusedError(fmt::format(
            "campaign {0} is sealed for another target (by {1}, {2}); nothing was sent.{3}\n"
            "If the server file is right now: `pushonce pause {0} --because \"…\"` if it is not "
            "paused, then `pushonce resume {0} --accept-target --because \"…\"` and `pushonce "
            "restart {0}`",
            record.name.text(), record.sealed_by, to_iso_text(record.sealed_at), lines));
    throw RefusedError(fmt::format(
        "campaign {0} is sealed with other content (by {1}, {2}); nothing was sent.{3}\n"
        "What is sealed stays as it is. `pushonce restart {0}` goes on with it. To send the "
        "changed file to those not yet reached, name it anew:\n  campaign: {0}-2\n  once_per: {4}",
        record.name.text(), record.sealed_by, to_iso_text(record.sealed_at), lines,
        record.campaign.once_per));
}

}  // namespace

SealedCampaign Sealer::seal(Campaign campaign, const Settings& settings, const Audience& audience,
                            std::string_view source_text, const Actor& actor,
                            const std::function<void(std::uint64_t)>& progress) {
    const auto name = campaign.name.text();
    if (auto record = store_.find(name)) {
        campaign.audience = audience.cut([](Audience::Chunk&&) {});
        return join(std::move(*record), campaign);
    }
    store_.drop_dead_drafts(kDraftAgeMax);
    const auto draft = store_draft(campaign, audience, progress ? progress : ignore_progress);
    crash_point("CP25");
    const bool is_new = store_.seal(draft, campaign, settings, source_text, actor);
    auto record = store_.find(name);
    invariant(record.has_value(), "a sealed campaign has its name");
    if (!is_new) return join(std::move(*record), campaign);
    return {std::move(*record), true};
}

SealedCampaign Sealer::join(CampaignRecord record, const Campaign& campaign) const {
    if (record.head.state == CampaignState::purged)
        throw RefusedError(fmt::format(
            "campaign {} was finished and its records are purged; the name stays taken. Choose "
            "another name",
            record.name.text()));
    if (record.sealed_sha != Sha256::of(with_sealed_targets(record, campaign).to_json()))
        refuse(record, campaign);
    return {std::move(record), false};
}

CampaignId Sealer::store_draft(Campaign& campaign, const Audience& audience,
                               const std::function<void(std::uint64_t)>& progress) {
    const auto draft = store_.begin_draft(owner_);
    try {
        fill_draft(draft, campaign, audience, progress);
    } catch (const std::exception&) {
        drop(draft);
        throw;
    }
    return draft;
}

void Sealer::fill_draft(CampaignId draft, Campaign& campaign, const Audience& audience,
                        const std::function<void(std::uint64_t)>& progress) {
    std::vector<NewChunk> batch;
    std::size_t bytes = 0;
    std::uint64_t recipients = 0;
    const auto store_batch = [&] {
        if (batch.empty()) return;
        store_.add_chunks(draft, batch);
        batch.clear();
        bytes = 0;
        progress(recipients);
    };
    campaign.audience = audience.cut([&](Audience::Chunk&& chunk) {
        const auto size = chunk.blocks.keys.size() + chunk.blocks.data.size();
        if (bytes + size > kBatchBytes) store_batch();
        bytes += size;
        recipients += chunk.rows;
        batch.push_back({chunk.no, chunk.gateway, std::move(chunk.key_lo), std::move(chunk.key_hi),
                         chunk.rows, chunk.blocks.sha256, std::move(chunk.blocks.keys),
                         std::move(chunk.blocks.data)});
    });
    store_batch();
}

/// A draft that cannot be dropped now is dropped by a later sealing; it has no name, so it can
/// never be sent.
void Sealer::drop(CampaignId draft) noexcept {
    try {
        store_.drop_draft(draft);
    } catch (const std::exception& error) {
        log(LogLevel::warn, "a draft stays in the store until a later launch removes it: {}",
            error.what());
    }
}

}  // namespace dispatcher
