#include "cli/unfinished.h"

#include "engine/report.h"

namespace dispatcher::cli {
namespace {

using enum CampaignState;

/// Campaigns among which those of one scope are looked for, newest first.
constexpr std::size_t kLookedAt = 1000;

}  // namespace

bool reopen_if_unfinished(Site& site, CampaignRecord& record, const Actor& actor) {
    if (record.head.state != done && record.head.state != done_with_doubt) return false;
    auto& store = site.campaigns();
    const auto counts = Report(store, record).count();
    if (counts.retryable + counts.never_tried == 0) return false;
    record.head = store.move(record.head.id, {done, done_with_doubt}, reconciling, "reopen", actor);
    return record.head.state == reconciling || record.head.state == running;
}

std::vector<CampaignRecord> sisters_of(CampaignStore& store, const CampaignRecord& record) {
    auto campaigns = store.list(kLookedAt);
    std::erase_if(campaigns, [&](const CampaignRecord& other) {
        return other.head.scope != record.head.scope || other.head.id == record.head.id ||
               other.head.state == draft || other.head.state == purged;
    });
    return campaigns;
}

}  // namespace dispatcher::cli
