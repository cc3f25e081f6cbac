#include "store/sqlite/sqlite_store.h"

#include "base/error.h"
#include "store/sql/sql_campaign_store.h"
#include "store/sql/sql_store.h"
#include "store/sqlite/sqlite_source.h"

namespace dispatcher::sqlite {
namespace {

std::unique_ptr<sql::ConnectionSource> source_of(const StoreOptions& options) {
    constexpr std::string_view kScheme = "sqlite:";
    const std::string_view url = options.url;
    if (!url.starts_with(kScheme) || url.size() == kScheme.size()) {
        throw ConfigError("store.url", "is not of the form sqlite:PATH");
    }
    return std::make_unique<SqliteSource>(std::string(url.substr(kScheme.size())));
}

}  // namespace

std::unique_ptr<Store> open_store(const StoreOptions& options) {
    return std::make_unique<sql::SqlStore>(source_of(options), options.lease);
}

std::unique_ptr<CampaignStore> open_campaign_store(const StoreOptions& options) {
    return std::make_unique<sql::SqlCampaignStore>(source_of(options));
}

}  // namespace dispatcher::sqlite
