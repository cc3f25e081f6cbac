// The opt-out list: SqlSession reads it with each claim, SqlCampaignStore keeps it.

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/sql/key_list.h"
#include "store/sql/sql_campaign_store.h"

namespace dispatcher::sql {
namespace {

constexpr std::size_t kNameBytesMax = 255;

// By primary key. A range is the cheapest read where few opted out; where many did between two
// recipients of a claim, the recipients are asked for by name.
constexpr auto kReadRange =
    "SELECT appid FROM suppression WHERE appid BETWEEN {} AND {} ORDER BY appid LIMIT {}";
constexpr auto kReadKeys = "SELECT appid FROM suppression WHERE appid IN {} ORDER BY appid";

// T11. A row that exists stays as it is.
constexpr auto kInsertSkipped =
    "INSERT INTO delivery (appid, scope_id, campaign_id, state, claims, claim_id, code, changed_at)"
    " VALUES ";
// T9, and the row becomes ours. 32768 is Code::kDoubtBit.
constexpr auto kSkipReleased =
    "UPDATE delivery SET code={code}|(code&32768), changed_at={now}, due_at=NULL, claim_id=0,"
    " campaign_id={campaign}, state=6 WHERE {where} AND state=4";

constexpr auto kCountKnown = "SELECT COUNT(*) FROM suppression WHERE appid IN {}";
constexpr auto kDelete = "DELETE FROM suppression WHERE appid IN {}";
constexpr auto kList =
    "SELECT appid, since, who, because FROM suppression WHERE appid{}{} ORDER BY appid LIMIT {}";

/// "('a','b',…)".
std::string list_of(const Dialect& dialect, std::span<const std::string_view> appids) {
    invariant(!appids.empty() && appids.size() <= kKeysMax, "a statement names 1 to 1,000 appids");
    std::string list = "(";
    for (const auto appid : appids) {
        dialect.append_key(list, appid);
        list.push_back(',');
    }
    list.back() = ')';
    return list;
}

std::size_t count_known(GuardedConnection& connection, const std::string& list) {
    std::size_t known = 0;
    connection.query(fmt::format(kCountKnown, list),
                     [&](const Row& row) { known = static_cast<std::size_t>(row.natural(0)); });
    return known;
}

std::vector<OptOut> read_list(GuardedConnection& connection, std::string_view relation,
                              std::string_view appid, std::size_t limit) {
    std::vector<OptOut> found;
    connection.query(fmt::format(kList, relation, connection.dialect().key(appid), limit),
                     [&](const Row& row) {
                         found.push_back({std::string(row.bytes(0)),
                                          WallTime(std::chrono::milliseconds(row.integer(1))),
                                          std::string(row.bytes(2)), std::string(row.bytes(3))});
                     });
    return found;
}

}  // namespace

void SqlSession::read_suppressed(std::span<const std::string_view> appids, AppidList& out) {
    out.clear();
    if (appids.empty()) return;
    const auto limit = appids.size() + 1;
    AppidList near;
    connection_.query(
        fmt::format(kReadRange, dialect().key(appids.front()), dialect().key(appids.back()), limit),
        [&](const Row& row) { near.push(row.bytes(0)); });
    if (near.size() == limit) {
        connection_.query(fmt::format(kReadKeys, list_of(dialect(), appids)),
                          [&](const Row& row) { out.push(row.bytes(0)); });
        return;
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < near.size(); ++i) {
        while (at < appids.size() && appids[at] < near[i])
            ++at;
        if (at < appids.size() && appids[at] == near[i]) out.push(near[i]);
    }
}

void SqlSession::insert_skipped(ScopeId scope, CampaignId campaign, Reason reason,
                                std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    const auto after = fmt::format(",{},{},6,0,0,{},{})", scope.value, campaign.value,
                                   Code{reason, false}.stored(), connection_.now_ms());
    const auto keep = dialect().keep_existing("delivery", "scope_id");
    connection_.insert_keys({kInsertSkipped, "(", after, keep}, appids);
}

void SqlSession::skip_released(ScopeId scope, CampaignId campaign, Reason reason,
                               std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    connection_.exec(fmt::format(kSkipReleased, fmt::arg("code", Code{reason, false}.stored()),
                                 fmt::arg("now", connection_.now_text()),
                                 fmt::arg("campaign", campaign.value),
                                 fmt::arg("where", where_keys(dialect(), scope, appids))));
}

std::size_t SqlCampaignStore::suppress(std::span<const std::string_view> appids,
                                       const Actor& actor) {
    if (appids.empty()) return 0;
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Transaction transaction(connection);
        const auto known = count_known(connection, list_of(dialect, appids));
        const auto after =
            fmt::format(",{},{},{})", connection.now_ms(),
                        dialect.key(std::string_view(actor.who).substr(0, kNameBytesMax)),
                        dialect.blob_literal(actor.because));
        const auto keep = dialect.keep_existing("suppression", "since");
        connection.insert_keys(
            {"INSERT INTO suppression (appid, since, who, because) VALUES ", "(", after, keep},
            appids);
        transaction.commit();
        return appids.size() - known;
    });
}

std::size_t SqlCampaignStore::unsuppress(std::span<const std::string_view> appids) {
    if (appids.empty()) return 0;
    return retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto list = list_of(connection.dialect(), appids);
        Transaction transaction(connection);
        const auto known = count_known(connection, list);
        connection.exec(fmt::format(kDelete, list));
        transaction.commit();
        return known;
    });
}

std::vector<OptOut> SqlCampaignStore::opt_outs(std::string_view after, std::size_t limit) {
    return retrying_.run(
        [&](SqlSession& session) { return read_list(session.connection(), ">", after, limit); });
}

std::optional<OptOut> SqlCampaignStore::opt_out(std::string_view appid) {
    return retrying_.run([&](SqlSession& session) -> std::optional<OptOut> {
        auto found = read_list(session.connection(), "=", appid, 1);
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    });
}

}  // namespace dispatcher::sql
