#include "engine/known_dead.h"

#include <cmath>

#include "engine/audience_sample.h"

namespace dispatcher {

KnownDead::KnownDead(CampaignStore& store, const Campaign& campaign,
                     const std::vector<GatewayChoice>& gateways, const Audience& audience)
    : store_(store) {
    if (audience.origin().refresh || !store.session().has_dead_tokens()) return;
    const auto store_id = store.store_id();
    for (std::size_t i = 0; i < gateways.size(); ++i)
        tokens_.emplace_back(store_id, campaign.gateways[i], *gateways[i].type, audience.columns());
    const auto recipients = audience.counts().recipients;
    is_sample_ = recipients > kLookedAtMax;
    if (is_sample_) hash_max_ = UINT64_MAX / recipients * kLookedAtMax;
}

std::optional<KnownDead::Candidate> KnownDead::candidate(
    const Audience::Recipient& recipient) const {
    if (!has_any() || (is_sample_ && appid_hash(recipient.appid) > hash_max_)) return std::nullopt;
    const auto& tokens = tokens_[recipient.gateway.value];
    return Candidate{tokens.mark_of(recipient.values), tokens.registered_at(recipient.values)};
}

void KnownDead::add(Candidate candidate) {
    ++added_;
    if (candidate.mark.empty()) return;  // it has no token
    waiting_.push_back(std::move(candidate));
    if (waiting_.size() == kMarksMax) ask();
}

std::uint64_t KnownDead::finish(std::uint64_t recipients) {
    ask();
    if (!is_sample_ || added_ == 0) return dead_;
    return static_cast<std::uint64_t>(
        std::llround(static_cast<double>(dead_) / static_cast<double>(added_) *
                     static_cast<double>(recipients)));
}

void KnownDead::ask() {
    std::vector<NumberedMark> marks;
    for (std::uint32_t i = 0; i < waiting_.size(); ++i)
        marks.emplace_back(std::move(waiting_[i].mark), i);
    for_each_known_dead(store_.session(), marks, [&](std::uint32_t i, const DeadToken& token) {
        if (token.covers(waiting_[i].registered_at)) ++dead_;
    });
    waiting_.clear();
}

}  // namespace dispatcher
