#include "engine/seal_check.h"

#include <array>
#include <string_view>

#include "audience/chunk_block.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;

/// A damaged block cannot even be unpacked: that is an answer here, and no error.
bool agrees(const ChunkPayload& payload) {
    if (payload.data)
        return is_chunk_block(payload.keys) && is_chunk_block(*payload.data) &&
               chunk_sha256(payload.keys, *payload.data) == payload.sha256;
    return payload.data_sha256 && is_chunk_block(payload.keys) &&
           chunk_sha256(payload.keys, *payload.data_sha256) == payload.sha256;
}

}  // namespace

SealCheck check_seal(CampaignStore& store, const CampaignRecord& record) {
    SealCheck check;
    Sha256 chain;
    for (ChunkNo first{0};;) {
        const auto heads = store.session().list_chunks(record.head.id, first, kChunksPage);
        for (const auto& head : heads) {
            ++check.chunks;
            const auto payload = store.session().read_payload(head.campaign, head.no, true);
            if (!payload) {
                ++check.damaged;
                continue;
            }
            const std::array gateway = {static_cast<char>(head.gateway.value >> 8U),
                                        static_cast<char>(head.gateway.value & 0xFFU)};
            const auto& sealed = payload->sealed_sha256;
            chain.update({gateway.data(), gateway.size()});
            chain.update({reinterpret_cast<const char*>(sealed.data()), sealed.size()});
            if (!agrees(*payload)) ++check.damaged;
            if (!payload->data) ++check.without_data;
            check.forgotten += payload->forgotten.size();
        }
        if (heads.size() < kChunksPage) break;
        first.value = heads.back().no.value + 1;
    }
    check.is_chain_whole = chain.finish() == record.campaign.audience.sha256;
    return check;
}

}  // namespace dispatcher
