#include "store/mysql/mysql_store.h"

#include "store/mysql/mysql_source.h"
#include "store/sql/sql_campaign_store.h"
#include "store/sql/sql_store.h"

namespace dispatcher::mysql {

std::unique_ptr<Store> open_store(const StoreOptions& options) {
    return std::make_unique<sql::SqlStore>(std::make_unique<MysqlSource>(options), options.lease);
}

std::unique_ptr<CampaignStore> open_campaign_store(const StoreOptions& options) {
    return std::make_unique<sql::SqlCampaignStore>(std::make_unique<MysqlSource>(options));
}

}  // namespace dispatcher::mysql
