#pragma once

#include <optional>
#include <vector>

#include "campaign/ids.h"
#include "store/store_session.h"

namespace dispatcher {

/// Whether the state is one in which a campaign has ended by itself: nothing was left to do.
bool is_done(CampaignState state);

/// A campaign, locked for changes, and those of its scope that look for its recipients now.
struct ReopenedScope {
    std::optional<CampaignHead> own;
    std::vector<CampaignHead> others;
};

/// Locks the campaign for changes in the open transaction and, if it sends no more, the others of
/// its scope, in the order of their ids. Each of those that holds its flags for complete (done, or
/// in its last pass) reconciles afterwards, under the next epoch, so that a pass that is under way
/// does not finish it. A campaign that is sealed meanwhile is not among them; it could overlook a
/// row only by walking it before our commit, and `restart` finds that.
ReopenedScope reopen_scope(StoreSession& session, const CampaignHead& seen);

/// Prepares the open transaction for a release in this chunk: locks the campaign and the chunk, so
/// that nobody closes the one or finishes the other over the row that comes back to life. A chunk
/// that was closed is open afterwards, and a campaign that was done reconciles. Where the campaign
/// itself sends no more (cancelled, or its deadline passed), the other campaigns of its scope that
/// are done, or about to be, look for the row again. Answers the campaign's head, locked.
std::optional<CampaignHead> reopen_for_release(StoreSession& session, CampaignId campaign,
                                               ChunkNo no);

}  // namespace dispatcher
