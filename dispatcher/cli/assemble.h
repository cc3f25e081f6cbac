#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/gateway_type.h"
#include "journal/journal.h"
#include "source/query_session.h"
#include "source/source_options.h"
#include "store/campaign_store.h"
#include "store/device_records.h"
#include "store/retention.h"
#include "store/store_options.h"

namespace dispatcher::cli {

// The only place that names the adapters: a new gateway or store is one line in assemble.cpp.

/// Every kind of gateway of this version.
std::vector<std::unique_ptr<GatewayType>> make_gateway_types();

/// The store that the url names. Throws ConfigError for a url of no known kind; connects later.
std::unique_ptr<Store> open_store(const StoreOptions& options);
std::unique_ptr<CampaignStore> open_campaign_store(const StoreOptions& options);
std::unique_ptr<Retention> open_retention(const StoreOptions& options);
std::unique_ptr<DeviceRecords> open_device_records(const StoreOptions& options);

/// A connection to a source of audiences. `where` opens errors. Connects with the first query.
std::unique_ptr<QuerySession> open_session(const SourceOptions& source, const std::string& where);

/// Whether the store is a file of this machine that can be made when it is missing.
bool is_embedded(const StoreOptions& options);

/// This host's journals for the store. Throws UnavailableError.
std::unique_ptr<JournalDirectory> open_journals(const std::string& dir, bool sync,
                                                const std::string& store_id);

}  // namespace dispatcher::cli
