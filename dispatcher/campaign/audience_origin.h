#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace dispatcher {

enum class OnBadRow : std::uint8_t { stop, skip };
enum class OnSharedToken : std::uint8_t { stop, first, allow };

std::string_view to_string(OnBadRow policy);
std::string_view to_string(OnSharedToken policy);

/// One place that members of an audience come from, or those who are struck out of it, as the
/// campaign file says.
struct AudiencePart {
    enum class Kind : std::uint8_t { file, query, campaign };
    Kind kind = Kind::file;

    // file
    std::string file;  ///< as written; "-" for stdin
    /// Of the rows as they were read, in hexadecimal; empty where the audience as a whole is
    /// compared by content.
    std::string content_sha256;

    // query
    std::string source;  ///< name in the server file
    std::string target;  ///< where the source led when it was read; never a password
    std::string query;

    // campaign
    std::string campaign;
    std::vector<std::string> outcomes;  ///< names of the report, sorted; empty: whatever came of it

    /// In a list of exclusions: members that this part struck out, and none before it.
    std::uint64_t excluded = 0;

    bool operator==(const AudiencePart&) const = default;
};

/// Where a sealed audience came from.
struct AudienceOrigin {
    AudiencePart members;
    std::vector<AudiencePart> exclude;
    /// The query that gives the members' addresses when their turn comes; absent: those sealed.
    std::optional<AudiencePart> refresh;
    OnBadRow on_bad_row = OnBadRow::stop;
    OnSharedToken on_shared_token = OnSharedToken::stop;

    bool operator==(const AudienceOrigin&) const = default;
};

/// Whether the same definition may give other members tomorrow: a query or a campaign is part of
/// it.
bool is_live(const AudienceOrigin& origin);

/// Whether both say the same, apart from what reading found (targets, counts) and from the names of
/// files, which are told by their content.
bool is_same_definition(const AudienceOrigin& a, const AudienceOrigin& b);

/// Whether both take the members' addresses from the same query, or none does from any.
bool is_same_refresh(const AudienceOrigin& a, const AudienceOrigin& b);

/// For people: "file optouts.csv", "campaign sale (rejected)", "source crm (ro@db/crm): SELECT …".
std::string to_text(const AudiencePart& part);
/// The same without the query.
std::string name_of(const AudiencePart& part);

nlohmann::json to_json_value(const AudienceOrigin& origin);
/// Throws std::invalid_argument if the value is not ours.
AudienceOrigin audience_origin_from(const nlohmann::json& value);

}  // namespace dispatcher
