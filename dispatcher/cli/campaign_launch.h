#pragma once

#include "cli/campaign_run.h"
#include "cli/prepared_campaign.h"
#include "cli/signal_watch.h"
#include "engine/sealer.h"

namespace dispatcher::cli {

/// Seals a prepared campaign, with progress on the screen, or joins the one that is there.
SealedCampaign seal_visibly(Site& site, SignalWatch& signals, Invocation& invocation,
                            const PreparedCampaign& prepared);

/// Joins a campaign that is sealed with an audience from a query or a campaign: that one stands,
/// and nothing is read again. Throws RefusedError with the differences if `file` says otherwise.
SealedCampaign join_unread(const Site& site, Invocation& invocation, CampaignRecord record,
                           const CampaignFile& file);

/// Gives second chances after what dead processes left is settled, and answers how many.
using GiveSecondChances = std::function<std::uint64_t(const CampaignRecord& record)>;

/// Starts a sealed campaign, or takes it up as it stands, and runs it to its end: what launch,
/// restart and test do once there is something sealed. Throws RefusedError where the campaign's
/// state forbids it.
int run_sealed(Site& site, SignalWatch& signals, Invocation& invocation, CampaignRecord record,
               const GiveSecondChances& give = {});

/// Throws RefusedError, with what to do, where the campaign's state forbids that it sends; one that
/// is done may send again.
void require_sendable(const CampaignRecord& record);

}  // namespace dispatcher::cli
