#pragma once

#include <string>
#include <vector>

#include "config/server_file.h"

namespace dispatcher {

/// The text of a rehearsal's server file: a store of its own in `folder`, its own journals, and
/// these gateways, which rehearsal_settings() made. Of `real` only lease, patience and whether
/// journals are synced are taken over.
std::string rehearsal_server_text(const std::string& folder, const ServerFile& real,
                                  const std::vector<GatewayOptions>& gateways);

}  // namespace dispatcher
