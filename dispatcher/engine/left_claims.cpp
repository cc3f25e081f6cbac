#include "engine/left_claims.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;

}  // namespace

SweptClaims sweep_left_claims(FlagStore& flags, const CampaignHead& campaign, IncarnationId me,
                              std::span<const IncarnationId> dead) {
    SweptClaims result;
    for (ChunkNo first{0};;) {
        const auto chunks = flags.session().list_chunks(campaign.id, first, kChunksPage);
        for (const auto& chunk : chunks) {
            if (chunk.state != ChunkState::leased) continue;
            result.in_doubt += flags.sweep(chunk, campaign.scope, me, dead);
            const auto after = flags.session().list_chunks(campaign.id, chunk.no, 1);
            if (!after.empty() && after[0].state == ChunkState::leased) ++result.leases;
        }
        if (chunks.size() < kChunksPage) return result;
        first.value = chunks.back().no.value + 1;
    }
}

}  // namespace dispatcher
