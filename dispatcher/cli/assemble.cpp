#include "cli/assemble.h"

#include "base/error.h"
#include "gateway/apns/apns_type.h"
#include "gateway/fcm/fcm_type.h"
#include "gateway/loopback/loopback_type.h"
#include "gateway/webhook/webhook_type.h"
#include "gateway/webpush/webpush_type.h"
#include "journal/file_journal_directory.h"
#include "source/mysql/mysql_query.h"
#include "source/sqlite/sqlite_query.h"
#include "store/mysql/mysql_store.h"
#include "store/sqlite/sqlite_store.h"

namespace dispatcher::cli {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kMysql = "mysql://";

[[noreturn]] void refuse_url() {
    throw ConfigError("store.url",
                      "it starts neither with sqlite: nor with mysql://; for example "
                      "sqlite:var/pushonce.db or mysql://user@host:3306/pushonce");
}

}  // namespace

std::vector<std::unique_ptr<GatewayType>> make_gateway_types() {
    std::vector<std::unique_ptr<GatewayType>> types;
    types.push_back(apns::make_type());
    types.push_back(webpush::make_type());
    types.push_back(fcm::make_type());
    types.push_back(loopback::make_type());
    types.push_back(webhook::make_type());
    return types;
}

std::unique_ptr<Store> open_store(const StoreOptions& options) {
    if (options.url.starts_with(kSqlite)) return sqlite::open_store(options);
    if (options.url.starts_with(kMysql)) return mysql::open_store(options);
    refuse_url();
}

std::unique_ptr<CampaignStore> open_campaign_store(const StoreOptions& options) {
    if (options.url.starts_with(kSqlite)) return sqlite::open_campaign_store(options);
    if (options.url.starts_with(kMysql)) return mysql::open_campaign_store(options);
    refuse_url();
}

std::unique_ptr<QuerySession> open_session(const SourceOptions& source, const std::string& where) {
    if (source.url.starts_with(kSqlite)) return sqlite::open_session(source, where);
    return mysql::open_session(source, where);
}

std::unique_ptr<Retention> open_retention(const StoreOptions& options) {
    if (options.url.starts_with(kSqlite)) return sqlite::open_retention(options);
    if (options.url.starts_with(kMysql)) return mysql::open_retention(options);
    refuse_url();
}

std::unique_ptr<DeviceRecords> open_device_records(const StoreOptions& options) {
    if (options.url.starts_with(kSqlite)) return sqlite::open_device_records(options);
    if (options.url.starts_with(kMysql)) return mysql::open_device_records(options);
    refuse_url();
}

bool is_embedded(const StoreOptions& options) {
    return options.url.starts_with(kSqlite);
}

std::unique_ptr<JournalDirectory> open_journals(const std::string& dir, bool sync,
                                                const std::string& store_id) {
    FileJournalOptions options;
    options.sync = sync;
    return std::make_unique<FileJournalDirectory>(dir, store_id, options);
}

}  // namespace dispatcher::cli
