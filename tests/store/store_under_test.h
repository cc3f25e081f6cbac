#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/campaign_store.h"
#include "store/device_records.h"
#include "store/retention.h"
#include "store/store_error.h"
#include "store/store_options.h"
#include "support/catch.h"
#include "support/database_server.h"
#include "support/temporary_folder.h"

namespace dispatcher::test {

/// Every kind of store that can be had here: "sqlite", "mariadb", and "mysql" where it was fetched.
std::vector<std::string> store_kinds();

/// A store of its own, empty but for its tables.
class StoreUnderTest {
  public:
    explicit StoreUnderTest(const std::string& kind);

    [[nodiscard]] Store& store() { return *store_; }
    [[nodiscard]] CampaignStore& campaigns() { return *campaigns_; }
    [[nodiscard]] Retention& retention() { return *retention_; }
    [[nodiscard]] DeviceRecords& device_records() { return *device_records_; }
    /// Another CampaignStore on the same data, as another operator has it.
    [[nodiscard]] std::unique_ptr<CampaignStore> other_campaigns() const;
    /// Another Store, as another process has it.
    [[nodiscard]] std::unique_ptr<Store> other_store() const;

  private:
    bool is_sqlite_;
    TemporaryFolder folder_;
    StoreOptions options_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<CampaignStore> campaigns_;
    std::unique_ptr<Retention> retention_;
    std::unique_ptr<DeviceRecords> device_records_;
};

inline const Actor kOperator{"olga@office", "command line", "because we test"};

/// A campaign of this name over one gateway.
Campaign campaign_named(std::string_view name, std::string_view once_per = {});

NewChunk chunk_of(std::uint32_t no, std::string lo, std::string hi, std::uint32_t rows);

/// Seals and starts a campaign with these chunks; answers its head.
CampaignHead start_campaign(CampaignStore& campaigns, std::string_view name,
                            const std::vector<NewChunk>& chunks = {},
                            std::string_view once_per = {});

std::vector<std::string_view> views_of(const std::vector<std::string>& texts);

/// The flag of this appid, if there is one.
std::optional<FlagRows::Row> flag_of(StoreSession& session, ScopeId scope, std::string_view appid);

/// Claims these appids in a transaction of its own, without chunk or campaign checks; answers how
/// many were won.
std::size_t claim(StoreSession& session, const CampaignHead& campaign, ClaimId claim_id,
                  const std::vector<std::string>& appids);

/// The kind of StoreError that this throws; nothing if it throws none.
template <class Call>
std::optional<StoreError::Kind> error_of(Call&& call) {
    try {
        call();
    } catch (const StoreError& error) {
        return error.kind();
    }
    return std::nullopt;
}

}  // namespace dispatcher::test
