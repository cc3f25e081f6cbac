#pragma once

#include <memory>

#include "store/campaign_store.h"
#include "store/device_records.h"
#include "store/retention.h"
#include "store/store_options.h"

namespace dispatcher::mysql {

/// A store on MySQL or MariaDB: `mysql://user@host1:3306,host2:3306/database`, hosts tried in this
/// order, or `mysql://user@localhost/database?socket=/path`. Parts are percent-decoded. Throws
/// ConfigError if the url cannot be read; connects later.
std::unique_ptr<Store> open_store(const StoreOptions& options);

/// The same for campaigns.
std::unique_ptr<CampaignStore> open_campaign_store(const StoreOptions& options);

/// The same for retention, and for what is held of single devices.
std::unique_ptr<Retention> open_retention(const StoreOptions& options);
std::unique_ptr<DeviceRecords> open_device_records(const StoreOptions& options);

}  // namespace dispatcher::mysql
