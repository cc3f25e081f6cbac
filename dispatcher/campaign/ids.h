#pragma once

#include <compare>
#include <cstdint>

namespace dispatcher {

/// A number with a meaning of its own: ids of different things do not mix.
template <class Tag, class Rep>
struct Id {
    Rep value{};
    constexpr auto operator<=>(const Id&) const = default;
};

using CampaignId = Id<struct CampaignIdTag, std::uint32_t>;
/// What "once" ranges over: the campaign itself, or the name that several campaigns share.
using ScopeId = Id<struct ScopeIdTag, std::uint32_t>;
/// One run of one lane (process and gateway): 32 random bits, never 0, never used again.
using IncarnationId = Id<struct IncarnationIdTag, std::uint32_t>;
using ChunkNo = Id<struct ChunkNoTag, std::uint32_t>;
/// Index of a gateway in the campaign's sealed list.
using GatewayNo = Id<struct GatewayNoTag, std::uint16_t>;
/// Grows with every lease of a chunk: who holds an older one may claim nothing there.
using Fence = Id<struct FenceTag, std::uint64_t>;
/// Names one claim batch for ever: incarnation in the upper, batch number in the lower 32 bits.
using ClaimId = Id<struct ClaimIdTag, std::uint64_t>;

constexpr ClaimId make_claim_id(IncarnationId incarnation, std::uint32_t batch) {
    return {std::uint64_t{incarnation.value} << 32 | batch};
}
constexpr IncarnationId incarnation_of(ClaimId claim) {
    return {static_cast<std::uint32_t>(claim.value >> 32)};
}

}  // namespace dispatcher
