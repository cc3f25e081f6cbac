#pragma once

#include "cli/site.h"

namespace dispatcher::cli {

/// A campaign that is done may have recipients to send to all the same: another campaign of its
/// scope gave them back later, or its deadline was moved. Then it reconciles again, with an audit
/// row, and this answers true; `record` is as it stands afterwards.
bool reopen_if_unfinished(Site& site, CampaignRecord& record, const Actor& actor);

/// The other campaigns of the scope that are not drafts or purged, newest first.
std::vector<CampaignRecord> sisters_of(CampaignStore& store, const CampaignRecord& record);

}  // namespace dispatcher::cli
