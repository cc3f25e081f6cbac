#pragma once

#include <memory>

#include "store/campaign_store.h"
#include "store/device_records.h"
#include "store/retention.h"
#include "store/store_options.h"

namespace dispatcher::sqlite {

/// The embedded store: `sqlite:/path/to/file`. All stores of a process on the same path share one
/// writing connection. CampaignStore::init() makes the file and its folder; until then connecting
/// fails with StoreError(schema). Throws ConfigError if the url cannot be read.
std::unique_ptr<Store> open_store(const StoreOptions& options);

/// The same for campaigns.
std::unique_ptr<CampaignStore> open_campaign_store(const StoreOptions& options);

/// The same for retention, and for what is held of single devices.
std::unique_ptr<Retention> open_retention(const StoreOptions& options);
std::unique_ptr<DeviceRecords> open_device_records(const StoreOptions& options);

}  // namespace dispatcher::sqlite
