#include "store/store_under_test.h"

#include <algorithm>

#include "store/mysql/mysql_store.h"
#include "store/sqlite/sqlite_store.h"
#include "support/mariadb_server.h"
#include "support/mysql_server.h"

namespace dispatcher::test {
namespace {

std::unique_ptr<Store> open_store(bool is_sqlite, const StoreOptions& options) {
    return is_sqlite ? sqlite::open_store(options) : mysql::open_store(options);
}

std::unique_ptr<CampaignStore> open_campaigns(bool is_sqlite, const StoreOptions& options) {
    return is_sqlite ? sqlite::open_campaign_store(options) : mysql::open_campaign_store(options);
}

}  // namespace

std::vector<std::string> store_kinds() {
    std::vector<std::string> kinds = {"sqlite", "mariadb"};
    if (MysqlServer::shared() != nullptr) kinds.emplace_back("mysql");
    return kinds;
}

StoreUnderTest::StoreUnderTest(const std::string& kind) : is_sqlite_(kind == "sqlite") {
    if (is_sqlite_) {
        options_.url = "sqlite:" + folder_.path() + "/made/by/init/store.db";
    } else {
        DatabaseServer& server = kind == "mysql"
                                     ? static_cast<DatabaseServer&>(*MysqlServer::shared())
                                     : MariadbServer::shared();
        options_ = server.options(server.make_database());
    }
    store_ = open_store(is_sqlite_, options_);
    campaigns_ = open_campaigns(is_sqlite_, options_);
    campaigns_->init();
    retention_ = is_sqlite_ ? sqlite::open_retention(options_) : mysql::open_retention(options_);
    device_records_ =
        is_sqlite_ ? sqlite::open_device_records(options_) : mysql::open_device_records(options_);
}

std::unique_ptr<CampaignStore> StoreUnderTest::other_campaigns() const {
    return open_campaigns(is_sqlite_, options_);
}

std::unique_ptr<Store> StoreUnderTest::other_store() const {
    auto options = options_;
    // Under another spelling of its path a file gets a writer of its own, as in another process.
    if (is_sqlite_) options.url = "sqlite:" + folder_.path() + "/made/./by/init/store.db";
    return open_store(is_sqlite_, options);
}

Campaign campaign_named(std::string_view name, std::string_view once_per) {
    Campaign campaign;
    campaign.name = CampaignName::from_store(std::string(name));
    campaign.once_per = once_per.empty() ? std::string(name) : std::string(once_per);
    campaign.message.default_locale = "en";
    campaign.message.locales["en"].title = "Hällo \\ 'there' \"you\" \n";
    campaign.gateways = {{"ios", "loopback", "accepts"}};
    return campaign;
}

NewChunk chunk_of(std::uint32_t no, std::string lo, std::string hi, std::uint32_t rows) {
    NewChunk chunk;
    chunk.no = {no};
    chunk.key_lo = std::move(lo);
    chunk.key_hi = std::move(hi);
    chunk.rows = rows;
    chunk.sha256 = Sha256::of("chunk");
    for (int byte = 0; byte < 256; ++byte)
        chunk.keys.push_back(static_cast<char>(byte));
    chunk.data = std::string("\0'\\\n\r\x1a\"", 7) + chunk.keys;
    return chunk;
}

CampaignHead start_campaign(CampaignStore& campaigns, std::string_view name,
                            const std::vector<NewChunk>& chunks, std::string_view once_per) {
    const auto draft = campaigns.begin_draft({1});
    campaigns.add_chunks(draft, chunks);
    auto campaign = campaign_named(name, once_per);
    for (const auto& chunk : chunks)
        campaign.audience.recipients += chunk.rows;
    REQUIRE(campaigns.seal(draft, campaign, {}, "campaign: x", kOperator));
    return campaigns.start(draft, kOperator);
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

std::optional<FlagRows::Row> flag_of(StoreSession& session, ScopeId scope, std::string_view appid) {
    FlagRows rows;
    session.read_keys(scope, std::vector{appid}, rows);
    if (rows.size() == 0) return std::nullopt;
    REQUIRE(rows.size() == 1);
    REQUIRE(rows.appids[0] == appid);
    return rows.rows[0];
}

std::size_t claim(StoreSession& session, const CampaignHead& campaign, ClaimId claim_id,
                  const std::vector<std::string>& appids) {
    auto keys = views_of(appids);
    std::ranges::sort(keys);
    FlagRows won;
    session.begin();
    session.insert_claims(campaign.scope, campaign.id, claim_id, keys);
    session.read_won({campaign.scope, keys.front(), keys.back()}, claim_id, won);
    session.commit();
    return won.size();
}

}  // namespace dispatcher::test
