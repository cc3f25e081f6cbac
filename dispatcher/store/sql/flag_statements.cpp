// The statements of SqlSession on `delivery`, the table of flags. All go by its primary key
// (scope_id, appid); a column that a statement tests is assigned last, because one family
// assigns from left to right and later terms see the new values.

#include <array>

#include <fmt/format.h>

#include "base/invariant.h"
#include "store/sql/key_list.h"
#include "store/sql/sql_session.h"

namespace dispatcher::sql {
namespace {

constexpr auto kReadFlags =
    "SELECT appid, campaign_id, state, claims, tries, claim_id, code, due_at, changed_at,"
    " tries_before FROM delivery WHERE {} ORDER BY appid";

// Every column costs the server and the client, row by row: small numbers travel as one.
constexpr auto kReadStanding =
    "SELECT appid, ((state<<16|(tries-COALESCE(tries_before,0)))<<32)|campaign_id, due_at"
    " FROM delivery WHERE {} ORDER BY appid";
constexpr auto kReadWon =
    "SELECT appid, (code<<16)|(tries-COALESCE(tries_before,0)) FROM delivery WHERE {}"
    " AND claim_id={} AND state=1 ORDER BY appid";

// T1. Not INSERT IGNORE, which would also swallow a key that is too long.
constexpr auto kInsertClaims =
    "INSERT INTO delivery (appid, scope_id, campaign_id, claim_id, changed_at) VALUES ";

// T2. `code` stays: why it was released, and whether it was ever in doubt.
constexpr auto kReclaim =
    "UPDATE delivery SET claims=claims+1, tries_before=CASE WHEN campaign_id={campaign} THEN"
    " tries_before ELSE tries END, campaign_id={campaign}, claim_id={claim}, due_at=NULL,"
    " changed_at={now}, state=1 WHERE {where} AND state=4";

// T3 to T6. 32768 is Code::kDoubtBit: once set it stays.
constexpr auto kSettleKeys =
    "UPDATE delivery SET code={code}|(code&32768), tries=tries+{tries}, changed_at={now}{release},"
    " state={to} WHERE {where} AND claim_id={claim} AND state IN ({from})";
constexpr auto kConfirmRange =
    "UPDATE delivery SET code=code&32768, tries=tries+1, changed_at={now}, state=2"
    " WHERE {where} AND claim_id={claim} AND state=1";
constexpr auto kReleaseRange =
    "UPDATE delivery SET code={code}|(code&32768), changed_at={now}, due_at={due}, claim_id=0,"
    " state=4 WHERE {where} AND claim_id={claim} AND state IN (1,5)";
constexpr auto kSweep =
    "UPDATE delivery SET code={code}, changed_at={now}, state=5 WHERE {where}"
    " AND campaign_id={campaign} AND state=1 AND claim_id BETWEEN {first} AND {last}";

// T9.
constexpr auto kGiveUp =
    "UPDATE delivery SET code={code}|(code&32768), changed_at={now}, due_at=NULL, claim_id=0,"
    " state=6 WHERE {where} AND campaign_id={campaign} AND state=4";

// T7, T8.
constexpr auto kResolve =
    "UPDATE delivery SET code={code}, changed_at={now}{release}, state={to}"
    " WHERE {where} AND claim_id={claim} AND state=5";

// T10. The code without its doubt bit is part of the guard. `tries` stays what it is.
constexpr auto kSecondChance =
    "UPDATE delivery SET tries_before=tries, changed_at={now}, due_at={due}, code={code},"
    " claim_id=0, state=4 WHERE {where} AND campaign_id={campaign} AND claim_id={claim}"
    " AND claims={claims} AND code={seen} AND state={from}";

static_assert(Code::kDoubtBit == 32768);

std::uint16_t stored(Reason reason, bool was_in_doubt = false) {
    return Code{reason, was_in_doubt}.stored();
}

FlagRows::Row flag_of(const Row& row) {
    FlagRows::Row flag;
    flag.campaign = {static_cast<std::uint32_t>(row.integer(1))};
    flag.state = static_cast<FlagState>(row.integer(2));
    flag.claims = static_cast<std::uint16_t>(row.integer(3));
    flag.tries = static_cast<std::uint16_t>(row.integer(4));
    flag.claim = {row.natural(5)};
    flag.code = Code::from_stored(static_cast<std::uint16_t>(row.integer(6)));
    if (!row.is_null(7)) flag.due_at = WallTime(std::chrono::milliseconds(row.integer(7)));
    flag.changed_at = WallTime(std::chrono::milliseconds(row.integer(8)));
    if (!row.is_null(9)) flag.tries_before = static_cast<std::uint16_t>(row.integer(9));
    return flag;
}

}  // namespace

void SqlSession::read_rows(const std::string& where, FlagRows& out) {
    out.clear();
    connection_.query(fmt::format(kReadFlags, where), [&](const Row& row) {
        out.appids.push(row.bytes(0));
        out.rows.push_back(flag_of(row));
    });
}

void SqlSession::read_flags(const KeyRange& range, FlagRows& out) {
    read_rows(where_range(dialect(), range), out);
}

void SqlSession::read_standing(const KeyRange& range, FlagRows& out) {
    out.clear();
    connection_.query(fmt::format(kReadStanding, where_range(dialect(), range)),
                      [&](const Row& row) {
                          out.appids.push(row.bytes(0));
                          const auto packed = row.natural(1);
                          FlagRows::Row flag;
                          flag.campaign = {static_cast<std::uint32_t>(packed)};
                          flag.tries = static_cast<std::uint16_t>(packed >> 32);
                          flag.state = static_cast<FlagState>(packed >> 48);
                          if (!row.is_null(2))
                              flag.due_at = WallTime(std::chrono::milliseconds(row.integer(2)));
                          out.rows.push_back(flag);
                      });
}

void SqlSession::insert_claims(ScopeId scope, CampaignId campaign, ClaimId claim,
                               std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    invariant(appids.size() <= kKeysMax, "a statement names at most 1,000 appids");
    const std::array values = {fmt::to_string(scope.value), fmt::to_string(campaign.value),
                               dialect().natural(claim.value),
                               fmt::to_string(connection_.now_ms())};
    const auto after = fmt::format(",{})", fmt::join(values, ","));
    const auto keep = dialect().keep_existing("delivery", "scope_id");
    connection_.insert_keys({kInsertClaims, "(", after, keep, values}, appids);
}

void SqlSession::reclaim(ScopeId scope, CampaignId campaign, ClaimId claim,
                         std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    connection_.exec(fmt::format(kReclaim, fmt::arg("campaign", campaign.value),
                                 fmt::arg("claim", dialect().natural(claim.value)),
                                 fmt::arg("now", connection_.now_text()),
                                 fmt::arg("where", where_keys(dialect(), scope, appids))));
}

void SqlSession::read_won(const KeyRange& range, ClaimId claim, FlagRows& out) {
    out.clear();
    connection_.query(
        fmt::format(kReadWon, where_range(dialect(), range), dialect().natural(claim.value)),
        [&](const Row& row) {
            out.appids.push(row.bytes(0));
            FlagRows::Row flag;
            flag.claim = claim;
            const auto packed = row.natural(1);
            flag.tries = static_cast<std::uint16_t>(packed);
            flag.code = Code::from_stored(static_cast<std::uint16_t>(packed >> 16));
            out.rows.push_back(flag);
        });
}

void SqlSession::settle_keys(ScopeId scope, ClaimId claim, const Settled& settled,
                             std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    invariant(settled.to != FlagState::claimed, "a settlement ends a claim");
    auto code = settled.code;
    code.was_in_doubt |= settled.to == FlagState::in_doubt;
    const bool from_doubt = settled.from_doubt && settled.to != FlagState::in_doubt;
    std::string release;
    if (settled.to == FlagState::released) {
        release = ", claim_id=0, due_at=" + dialect().due_in(settled.due_in.count());
    }
    connection_.exec(
        fmt::format(kSettleKeys, fmt::arg("code", code.stored()),
                    fmt::arg("tries", settled.tries_added), fmt::arg("now", connection_.now_text()),
                    fmt::arg("release", release), fmt::arg("to", static_cast<int>(settled.to)),
                    fmt::arg("where", where_keys(dialect(), scope, appids)),
                    fmt::arg("claim", dialect().natural(claim.value)),
                    fmt::arg("from", from_doubt ? "1,5" : "1")));
}

void SqlSession::confirm_range(const KeyRange& range, ClaimId claim) {
    connection_.exec(fmt::format(kConfirmRange, fmt::arg("now", connection_.now_text()),
                                 fmt::arg("where", where_range(dialect(), range)),
                                 fmt::arg("claim", dialect().natural(claim.value))));
}

void SqlSession::read_keys(ScopeId scope, std::span<const std::string_view> appids, FlagRows& out) {
    out.clear();
    if (!appids.empty()) read_rows(where_keys(dialect(), scope, appids), out);
}

void SqlSession::release_range(const KeyRange& range, ClaimId claim, Reason reason) {
    connection_.exec(fmt::format(
        kReleaseRange, fmt::arg("code", stored(reason)), fmt::arg("due", dialect().due_in(0)),
        fmt::arg("now", connection_.now_text()), fmt::arg("where", where_range(dialect(), range)),
        fmt::arg("claim", dialect().natural(claim.value))));
}

void SqlSession::sweep(const KeyRange& range, CampaignId campaign, IncarnationId old_owner,
                       Reason reason) {
    // All claim ids of one incarnation are one interval, in every family's order of integers.
    connection_.exec(fmt::format(
        kSweep, fmt::arg("code", stored(reason, true)), fmt::arg("now", connection_.now_text()),
        fmt::arg("where", where_range(dialect(), range)), fmt::arg("campaign", campaign.value),
        fmt::arg("first", dialect().natural(make_claim_id(old_owner, 0).value)),
        fmt::arg("last", dialect().natural(make_claim_id(old_owner, 0xFFFFFFFFU).value))));
}

void SqlSession::give_up(ScopeId scope, CampaignId campaign, Reason reason,
                         std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    connection_.exec(fmt::format(kGiveUp, fmt::arg("code", stored(reason)),
                                 fmt::arg("now", connection_.now_text()),
                                 fmt::arg("where", where_keys(dialect(), scope, appids)),
                                 fmt::arg("campaign", campaign.value)));
}

void SqlSession::resolve_keys(ScopeId scope, ClaimId claim, FlagState to, Reason reason,
                              std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    invariant(to == FlagState::delivered || to == FlagState::skipped || to == FlagState::released,
              "doubt is resolved as delivered, skipped or released");
    std::string release;
    if (to == FlagState::released) {
        release = ", claim_id=0, due_at=" + dialect().due_in(0);
    }
    connection_.exec(fmt::format(kResolve, fmt::arg("code", stored(reason, true)),
                                 fmt::arg("now", connection_.now_text()),
                                 fmt::arg("release", release), fmt::arg("to", static_cast<int>(to)),
                                 fmt::arg("where", where_keys(dialect(), scope, appids)),
                                 fmt::arg("claim", dialect().natural(claim.value))));
}

void SqlSession::give_second_chance(ScopeId scope, CampaignId campaign, const SecondChance& seen,
                                    std::span<const std::string_view> appids) {
    if (appids.empty()) return;
    invariant(seen.from == FlagState::rejected || seen.from == FlagState::skipped,
              "a second chance is for what was rejected or given up");
    connection_.exec(fmt::format(
        kSecondChance, fmt::arg("now", connection_.now_text()),
        fmt::arg("due", dialect().due_in(0)), fmt::arg("campaign", campaign.value),
        fmt::arg("code", stored(second_chance_reason(seen.from))),
        fmt::arg("where", where_keys(dialect(), scope, appids)),
        fmt::arg("claim", dialect().natural(seen.claim.value)), fmt::arg("claims", seen.claims),
        fmt::arg("seen", stored(seen.reason)), fmt::arg("from", static_cast<int>(seen.from))));
}

}  // namespace dispatcher::sql
