#include "engine/chunk_survey.h"

namespace dispatcher {

ChunkSurvey ChunkSurvey::of(StoreSession& session, CampaignId campaign) {
    constexpr std::size_t kPage = 1000;
    ChunkSurvey survey;
    for (ChunkNo first{0};;) {
        const auto chunks = session.list_chunks(campaign, first, kPage);
        for (const auto& chunk : chunks) {
            if (chunk.state == ChunkState::closed) continue;
            ++survey.open_by_gateway[chunk.gateway];
            if (chunk.state == ChunkState::leased && chunk.lease_until > chunk.now &&
                !chunk.owner_closed)
                ++survey.leased;
        }
        if (chunks.size() < kPage) return survey;
        first.value = chunks.back().no.value + 1;
    }
}

std::size_t ChunkSurvey::open() const {
    std::size_t all = 0;
    for (const auto& [gateway, count] : open_by_gateway)
        all += count;
    return all;
}

std::size_t ChunkSurvey::open(GatewayNo gateway) const {
    const auto found = open_by_gateway.find(gateway);
    return found == open_by_gateway.end() ? 0 : found->second;
}

}  // namespace dispatcher
