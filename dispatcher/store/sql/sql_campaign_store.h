#pragma once

#include <memory>

#include "store/campaign_store.h"
#include "store/sql/retrying_session.h"

namespace dispatcher::sql {

/// Campaigns over connections of any family. Connects when first used. One thread at a time.
class SqlCampaignStore final : public CampaignStore {
  public:
    explicit SqlCampaignStore(std::unique_ptr<ConnectionSource> source);

    void init() override;
    void migrate() override;
    SchemaVersion schema_version() override;
    std::string store_id() override;
    NamedValues server_settings() override;
    WallTime now() override;

    CampaignId begin_draft(IncarnationId owner) override;
    void add_chunks(CampaignId draft, const std::vector<NewChunk>& chunks) override;
    bool seal(CampaignId draft, const Campaign& campaign, const Settings& settings,
              std::string_view source_text, const Actor& actor) override;
    void drop_draft(CampaignId draft) override;
    void drop_dead_drafts(std::chrono::milliseconds older_than) override;

    std::optional<CampaignRecord> find(std::string_view name) override;
    std::vector<CampaignRecord> list(std::size_t limit) override;
    std::vector<CampaignRecord> list_others(const Campaign& campaign,
                                            std::chrono::milliseconds sealed_within,
                                            std::size_t limit) override;
    unsigned last_test_run(const CampaignName& name) override;
    std::vector<FlagCount> count_flags(CampaignId campaign, ScopeId scope) override;
    std::uint64_t count_claimed(CampaignId campaign, ScopeId scope) override;
    std::vector<DeviceFlag> flags_of(std::string_view appid) override;
    std::optional<ScopeId> scope_of(std::string_view scope_name) override;
    std::string campaign_name(CampaignId campaign) override;
    std::vector<AuditRow> audit(std::string_view campaign, std::size_t limit) override;

    CampaignHead move(CampaignId campaign, std::vector<CampaignState> from, CampaignState to,
                      std::string_view action, const Actor& actor) override;
    CampaignHead start(CampaignId campaign, const Actor& actor) override;
    bool set_settings(const CampaignHead& seen, const Settings& settings, std::string_view detail,
                      const Actor& actor) override;
    void add_audit(CampaignId campaign, std::string_view action, std::string_view detail,
                   const Actor& actor) override;

    std::optional<Halt> halted() override;
    bool halt(const Actor& actor) override;
    bool unhalt(const Actor& actor) override;

    std::size_t suppress(std::span<const std::string_view> appids, const Actor& actor) override;
    std::size_t unsuppress(std::span<const std::string_view> appids) override;
    std::vector<OptOut> opt_outs(std::string_view after, std::size_t limit) override;
    std::optional<OptOut> opt_out(std::string_view appid) override;

    /// A connection that died since it was last used is found by a read, and replaced.
    StoreSession& session() override {
        retrying_.run([](SqlSession& session) { return session.is_incarnation_closed({}); });
        return retrying_.session();
    }

  private:
    RetryingSession retrying_;
};

}  // namespace dispatcher::sql
