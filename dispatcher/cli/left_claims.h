#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "cli/signal_watch.h"
#include "cli/site.h"

namespace dispatcher::cli {

/// What was claimed in a campaign when no new claim could follow, and what became of it.
struct ClaimsWaitedFor {
    std::uint64_t in_flight = 0;  ///< claimed at the beginning
    std::uint64_t in_doubt = 0;   ///< claimed by processes that are gone; in doubt now
    std::uint64_t left = 0;       ///< still claimed: the waiting was interrupted
};

/// After a pause or a cancel: waits until the campaign has no claim left. Running processes settle
/// or give back their own; what dead processes of this host held, their journals decide; where
/// neither helps, a lease ends after store.lease, and its claims are in doubt. Says what it finds
/// of dead processes.
ClaimsWaitedFor wait_for_claims(Site& site, SignalWatch& signals, const CampaignHead& campaign,
                                std::ostream& err);

/// Sweeps what lost processes held in a campaign that is paused or cancelled, without waiting for
/// leases that still hold, and says so. Answers how many claims are left under those.
std::uint64_t sweep_visibly(Site& site, const CampaignHead& campaign, std::ostream& err);
/// "3 claims are still held …: what becomes of them"; "" for none.
std::string left_sentence(Site& site, std::uint64_t left);

/// "3 notifications were in flight when it took effect".
std::string in_flight_sentence(const ClaimsWaitedFor& claims);

}  // namespace dispatcher::cli
