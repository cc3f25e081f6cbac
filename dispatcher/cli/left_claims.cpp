#include "cli/left_claims.h"

#include <ostream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/campaign_view.h"
#include "cli/number_text.h"
#include "engine/left_claims.h"
#include "engine/recovery.h"

namespace dispatcher::cli {
namespace {

constexpr std::chrono::milliseconds kLook{100};

/// An incarnation in whose name chunks are taken over, as long as it is needed.
class Sweeping {
  public:
    explicit Sweeping(Site& site)
        : flags_(site.store(), site.server().store.lease), me_(begin(site)) {}

    /// What the journals of this host prove, if this user may read them.
    void recover(Site& site, std::ostream& err) {
        if (access(site.server().journal.dir.c_str(), R_OK | W_OK | X_OK) != 0) return;
        const auto found = recover_dead(site.journals(), flags_, me_);
        dead_ = found.dead;
        if (const auto sentence = recovered_sentence(found); !sentence.empty())
            err << "A process of this host died: " << sentence << ".\n";
    }
    SweptClaims sweep(const CampaignHead& campaign) {
        return sweep_left_claims(flags_, campaign, me_, dead_);
    }
    void end() { flags_.close_incarnation(me_); }

  private:
    IncarnationId begin(Site& site) {
        const auto host = HostIdentity::of_this_process();
        return flags_.begin_incarnation(site.random(), host.host, host.boot_id, host.pid);
    }

    FlagStore flags_;
    const IncarnationId me_;
    std::vector<IncarnationId> dead_;
};

std::string doubt_sentence(std::uint64_t claims) {
    return fmt::format("{} of processes that are gone {} in doubt now.\n",
                       count_of(claims, "claim"), claims == 1 ? "is" : "are");
}

}  // namespace

ClaimsWaitedFor wait_for_claims(Site& site, SignalWatch& signals, const CampaignHead& campaign,
                                std::ostream& err) {
    auto& store = site.campaigns();
    ClaimsWaitedFor claims;
    claims.in_flight = store.count_claimed(campaign.id, campaign.scope);
    if (claims.in_flight == 0) return claims;
    Sweeping sweeping(site);
    sweeping.recover(site, err);
    for (;;) {
        claims.in_doubt += sweeping.sweep(campaign).in_doubt;
        claims.left = store.count_claimed(campaign.id, campaign.scope);
        if (claims.left == 0 || signals.wait_for(kLook)) break;
    }
    sweeping.end();
    if (claims.in_doubt > 0) err << doubt_sentence(claims.in_doubt);
    return claims;
}

std::uint64_t sweep_visibly(Site& site, const CampaignHead& campaign, std::ostream& err) {
    auto& store = site.campaigns();
    if (store.count_claimed(campaign.id, campaign.scope) == 0) return 0;
    Sweeping sweeping(site);
    sweeping.recover(site, err);
    const auto swept = sweeping.sweep(campaign);
    sweeping.end();
    if (swept.in_doubt > 0) err << doubt_sentence(swept.in_doubt);
    return store.count_claimed(campaign.id, campaign.scope);
}

std::string left_sentence(Site& site, std::uint64_t left) {
    if (left == 0) return {};
    return fmt::format(
        "{} still held by processes whose lease has not run out: they settle them, or the same "
        "command does after {}.\n",
        left == 1 ? "1 claim is" : with_separators(left) + " claims are",
        duration_text(site.server().store.lease));
}

std::string in_flight_sentence(const ClaimsWaitedFor& claims) {
    return fmt::format("{} in flight when it took effect",
                       claims.in_flight == 1
                           ? "1 notification was"
                           : with_separators(claims.in_flight) + " notifications were");
}

}  // namespace dispatcher::cli
