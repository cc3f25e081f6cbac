#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "campaign/ids.h"
#include "store/campaign_store.h"
#include "store/sql/guarded_connection.h"

namespace dispatcher::sql {

/// A random number for a row's key: drawn once, so that a repeated transaction writes one row.
std::uint64_t random_row_id();

/// One line of the audit, to be written inside the transaction that it tells of.
class AuditEntry {
  public:
    AuditEntry(std::string_view action, std::string_view detail, const Actor& actor);
    void write(GuardedConnection& connection, CampaignId campaign) const;

  private:
    std::uint64_t id_;
    std::string action_;
    std::string detail_;
    Actor actor_;
};

/// Where the `settings` of a campaign become history, with who set them.
class SettingsEntry {
  public:
    SettingsEntry(const Settings& settings, const Actor& actor);
    void write(GuardedConnection& connection, CampaignId campaign) const;

  private:
    std::uint64_t id_;
    std::string settings_json_;
    std::string who_;
};

}  // namespace dispatcher::sql
