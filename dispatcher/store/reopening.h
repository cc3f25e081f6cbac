#pragma once

#include "campaign/ids.h"
#include "store/store_session.h"

namespace dispatcher {

/// Whether the state is one in which a campaign has ended by itself: nothing was left to do.
bool is_done(CampaignState state);

/// Prepares the open transaction for a release in this chunk: locks the campaign and the chunk, so
/// that nobody closes the one or finishes the other over the row that comes back to life. A chunk
/// that was closed is open afterwards, and a campaign that was done reconciles. Where the campaign
/// itself sends no more (cancelled, or its deadline passed), the other campaigns of its scope that
/// are done, or about to be, look for the row again. Answers the campaign's head, locked.
std::optional<CampaignHead> reopen_for_release(StoreSession& session, CampaignId campaign,
                                               ChunkNo no);

}  // namespace dispatcher
