#include "store/sql/audit_entry.h"

#include <fmt/format.h>

#include "base/random.h"

namespace dispatcher::sql {
namespace {

constexpr std::size_t kNameBytesMax = 255;

constexpr auto kInsertAudit =
    "INSERT INTO audit (campaign_id, at, id, who, origin, action, detail, because)"
    " VALUES ({campaign},{now},{id},{who},{origin},{action},{detail},{because}){keep}";
constexpr auto kInsertSettings =
    "INSERT INTO settings_history (campaign_id, at, id, settings, who)"
    " VALUES ({campaign},{now},{id},{settings},{who}){keep}";

}  // namespace

std::uint64_t random_row_id() {
    SystemRandom random;
    return random.next() >> 1U;
}

AuditEntry::AuditEntry(std::string_view action, std::string_view detail, const Actor& actor)
    : id_(random_row_id()), action_(action), detail_(detail), actor_(actor) {}

void AuditEntry::write(GuardedConnection& connection, CampaignId campaign) const {
    const auto& dialect = connection.dialect();
    connection.exec(fmt::format(
        kInsertAudit, fmt::arg("campaign", campaign.value), fmt::arg("now", dialect.now_ms),
        fmt::arg("id", dialect.natural(id_)),
        fmt::arg("who", dialect.key(actor_.who.substr(0, kNameBytesMax))),
        fmt::arg("origin", dialect.key(actor_.from.substr(0, kNameBytesMax))),
        fmt::arg("action", dialect.key(action_)), fmt::arg("detail", dialect.blob_literal(detail_)),
        fmt::arg("because", dialect.blob_literal(actor_.because)),
        fmt::arg("keep", dialect.keep_existing("audit", "id"))));
}

SettingsEntry::SettingsEntry(const Settings& settings, const Actor& actor)
    : id_(random_row_id()),
      settings_json_(settings.to_json()),
      who_(actor.who.substr(0, kNameBytesMax)) {}

void SettingsEntry::write(GuardedConnection& connection, CampaignId campaign) const {
    const auto& dialect = connection.dialect();
    connection.exec(fmt::format(kInsertSettings, fmt::arg("campaign", campaign.value),
                                fmt::arg("now", dialect.now_ms),
                                fmt::arg("id", dialect.natural(id_)),
                                fmt::arg("settings", dialect.blob_literal(settings_json_)),
                                fmt::arg("who", dialect.key(who_)),
                                fmt::arg("keep", dialect.keep_existing("settings_history", "id"))));
}

}  // namespace dispatcher::sql
