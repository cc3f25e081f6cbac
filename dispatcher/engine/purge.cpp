#include "engine/purge.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "audience/chunk_block.h"
#include "base/crash_point.h"

namespace dispatcher {
namespace {

// A transaction's worth: some tens of milliseconds, so that campaigns of the same store wait
// little.
constexpr std::size_t kFlagsPage = 5000;
constexpr std::size_t kChunksPage = 32;
constexpr std::size_t kTokensPage = 5000;

std::string days_text(std::chrono::milliseconds age) {
    return fmt::format("{} h", std::chrono::duration_cast<std::chrono::hours>(age).count());
}

}  // namespace

// Plan: data goes campaign by campaign. Flags go scope by scope, when the last campaign of the
// scope is old enough: a flag that another campaign holds is what a younger one of the scope still
// leans on. A purge that was broken off is there again, for its campaigns still have chunks.
std::vector<PurgeStep> Purge::plan() {
    const auto now = retention_.now();
    std::vector<PurgeStep> steps;
    std::map<ScopeId, PurgeStep> scopes;
    for (auto& campaign : retention_.finished()) {
        auto& scope = scopes[campaign.scope];
        scope.what = PurgeStep::What::flags;
        scope.scope = campaign.scope;
        scope.last_sign = std::max(scope.last_sign, campaign.last_order);
        if (campaign.has_data && campaign.state != CampaignState::purged &&
            now - campaign.last_order >= ages_.audience &&
            !retention_.has_flag_since(campaign.scope, campaign.id, now - ages_.audience))
            steps.push_back(
                {PurgeStep::What::audience, campaign.scope, {campaign}, campaign.last_order});
        scope.campaigns.push_back(std::move(campaign));
    }
    for (auto& [id, scope] : scopes) {
        if (now - scope.last_sign < ages_.flags || retention_.has_unfinished(id) ||
            retention_.has_flag_since(id, std::nullopt, now - ages_.flags))
            continue;
        // What goes as a whole need not be emptied before.
        std::erase_if(steps, [&](const PurgeStep& step) { return step.scope == id; });
        steps.push_back(std::move(scope));
    }
    if (const auto tokens = retention_.count_dead_tokens(now - ages_.flags))
        steps.push_back({PurgeStep::What::dead_tokens, {}, {}, {}, tokens});
    return steps;
}

PurgeResult Purge::run(const PurgeStep& step, const Actor& actor,
                       const std::function<bool(const PurgeResult&)>& progress) {
    PurgeResult result;
    switch (step.what) {
        case PurgeStep::What::flags:
            run_flags(step, actor, result, progress);
            break;
        case PurgeStep::What::audience:
            for (const auto& campaign : step.campaigns)
                run_audience(campaign, actor, result, progress);
            break;
        case PurgeStep::What::dead_tokens:
            run_dead_tokens(actor, result, progress);
            break;
    }
    return result;
}

void Purge::run_audience(const FinishedCampaign& campaign, const Actor& actor, PurgeResult& result,
                         const std::function<bool(const PurgeResult&)>& progress) {
    store_.add_audit(campaign.id, "purge",
                     fmt::format("the audience's data, {} old", days_text(ages_.audience)), actor);
    for (ChunkNo first{0};;) {
        const auto chunks = retention_.chunks_with_data(campaign.id, first, kChunksPage);
        if (chunks.empty()) return;
        first.value = chunks.back().value + 1;
        const auto dropped = hash_data(campaign.id, chunks, result);
        if (!retention_.drop_data(campaign.id, dropped)) {
            result.is_refused = true;
            return;
        }
        crash_point("CP30");
        result.chunks_dropped += dropped.size();
        if (!progress(result)) return;
    }
}

/// What stays of the data. A chunk that is not what was sealed keeps its data: it is evidence.
std::vector<Retention::DroppedData> Purge::hash_data(CampaignId campaign,
                                                     const std::vector<ChunkNo>& chunks,
                                                     PurgeResult& result) {
    std::vector<Retention::DroppedData> hashes;
    for (const auto chunk : chunks) {
        const auto payload = store_.session().read_payload(campaign, chunk, true);
        if (!payload || !payload->data) continue;
        if (!is_chunk_block(payload->keys) || !is_chunk_block(*payload->data) ||
            chunk_sha256(payload->keys, *payload->data) != payload->sha256)
            ++result.chunks_damaged;
        else
            hashes.push_back({chunk, chunk_data_sha256(*payload->data)});
    }
    return hashes;
}

// Plan: first no campaign of the scope can claim any more, then the flags go, then the appids of
// the audience. The chunks of a campaign go last: while there are some, its purge is not over.
void Purge::run_flags(const PurgeStep& step, const Actor& actor, PurgeResult& result,
                      const std::function<bool(const PurgeResult&)>& progress) {
    if (!retention_.mark_purged(
            step.scope, fmt::format("flags and audience, {} old", days_text(ages_.flags)), actor)) {
        result.is_refused = true;
        return;
    }
    crash_point("CP31");
    for (std::string after;;) {
        const auto deleted = retention_.delete_flags(step.scope, after, kFlagsPage);
        if (deleted.is_refused) {
            result.is_refused = true;
            return;
        }
        crash_point("CP32");
        result.flags += deleted.rows;
        if (!progress(result)) return;
        if (deleted.is_over) break;
        after = deleted.next;
    }
    for (const auto& campaign : step.campaigns) {
        while (const auto chunks = retention_.delete_chunks(campaign.id, kChunksPage)) {
            crash_point("CP33");
            result.chunks_deleted += chunks;
            if (!progress(result)) return;
        }
    }
}

void Purge::run_dead_tokens(const Actor& actor, PurgeResult& result,
                            const std::function<bool(const PurgeResult&)>& progress) {
    store_.add_audit(CampaignId{}, "purge",
                     fmt::format("dead tokens, {} old", days_text(ages_.flags)), actor);
    const auto before = retention_.now() - ages_.flags;
    for (std::string after;;) {
        const auto deleted = retention_.delete_dead_tokens(before, after, kTokensPage);
        result.dead_tokens += deleted.rows;
        if (!progress(result) || deleted.is_over) return;
        after = deleted.next;
    }
}

}  // namespace dispatcher
