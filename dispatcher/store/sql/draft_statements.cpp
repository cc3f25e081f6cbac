// How a campaign comes into the store: a draft without a name, its chunks, then the name and all
// that is sealed in one commit.

#include <fmt/format.h>

#include "base/error.h"
#include "base/invariant.h"
#include "campaign/routing.h"
#include "store/sql/audit_entry.h"
#include "store/sql/sql_campaign_store.h"

namespace dispatcher::sql {
namespace {

constexpr int kCodecZstd = 1;
constexpr std::size_t kNameBytesMax = 255;

constexpr auto kInsertDraft =
    "INSERT INTO campaign (id, scope_id, state, epoch, draft_owner, created_at)"
    " VALUES ({},0,0,0,{},{})";
constexpr auto kLockDraft = "SELECT state, name FROM campaign WHERE id={}{}";
constexpr auto kInsertChunk =
    "INSERT INTO chunk (campaign_id, chunk_no, gateway, due_at, state, owner, fence, claim_seq,"
    " lease_until, key_lo, key_hi, rows_n, sha256)"
    " VALUES ({id},{no},{gateway},0,{state},0,0,0,0,{lo},{hi},{rows},{sha}){keep}";
constexpr auto kInsertPayload =
    "INSERT INTO chunk_payload (campaign_id, chunk_no, codec, keys_block)"
    " VALUES ({id},{no},{codec},{keys}){keep}";
constexpr auto kSetPayloadData =
    "UPDATE chunk_payload SET data_block={} WHERE campaign_id={} AND chunk_no={}";
constexpr auto kInsertScope = "INSERT INTO scope (id, name) VALUES ({},{}){}";
constexpr auto kFindScope = "SELECT id FROM scope WHERE name={}";
constexpr auto kCountRows = "SELECT COALESCE(SUM(rows_n),0) FROM chunk WHERE campaign_id={}";
constexpr auto kSeal =
    "UPDATE campaign SET name={name}, scope_id={scope}, epoch=1, sealed={sealed}, sealed_sha={sha},"
    " source_text={source}, sealed_at={now}, sealed_by={by}, settings={settings}, state=1"
    " WHERE id={id} AND state=0";
constexpr auto kFindDeadDrafts =
    "SELECT id FROM campaign WHERE state=0 AND (created_at<{}-({}) OR EXISTS (SELECT 1 FROM"
    " incarnation WHERE incarnation.id=campaign.draft_owner AND"
    " incarnation.closed_at IS NOT NULL))";

std::string_view view(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Never 0, which stands for "none".
std::uint32_t random_31_bits() {
    for (;;) {
        const auto drawn = static_cast<std::uint32_t>(random_row_id() & 0x7FFFFFFFU);
        if (drawn != 0) return drawn;
    }
}

struct Draft {
    CampaignState state = CampaignState::draft;
    std::string name;
};

std::optional<Draft> lock_draft(GuardedConnection& connection, CampaignId campaign,
                                std::string_view lock) {
    std::optional<Draft> draft;
    connection.query(fmt::format(kLockDraft, campaign.value, lock), [&](const Row& row) {
        draft = Draft{static_cast<CampaignState>(row.integer(0)), std::string(row.bytes(1))};
    });
    return draft;
}

/// Nobody ever claims in a chunk of excluded members.
ChunkState state_of(const NewChunk& chunk) {
    return chunk.gateway == kExcludedGateway ? ChunkState::closed : ChunkState::open;
}

void insert_chunk(GuardedConnection& connection, CampaignId draft, const NewChunk& chunk) {
    const auto& dialect = connection.dialect();
    connection.exec(fmt::format(
        kInsertChunk, fmt::arg("id", draft.value), fmt::arg("no", chunk.no.value),
        fmt::arg("gateway", chunk.gateway.value),
        fmt::arg("state", static_cast<int>(state_of(chunk))),
        fmt::arg("lo", dialect.key(chunk.key_lo)), fmt::arg("hi", dialect.key(chunk.key_hi)),
        fmt::arg("rows", chunk.rows), fmt::arg("sha", dialect.key(view(chunk.sha256))),
        fmt::arg("keep", dialect.keep_existing("chunk", "chunk_no"))));
    // The blocks go one by one, so that a statement stays near 1 MiB.
    connection.exec(fmt::format(
        kInsertPayload, fmt::arg("id", draft.value), fmt::arg("no", chunk.no.value),
        fmt::arg("codec", kCodecZstd), fmt::arg("keys", dialect.blob_literal(chunk.keys)),
        fmt::arg("keep", dialect.keep_existing("chunk_payload", "chunk_no"))));
    connection.exec(fmt::format(kSetPayloadData, dialect.blob_literal(chunk.data), draft.value,
                                chunk.no.value));
}

/// The scope of this name; made if it is not there.
ScopeId scope_named(GuardedConnection& connection, std::string_view name) {
    const auto literal = connection.dialect().key(name);
    for (;;) {
        ScopeId scope;
        connection.query(fmt::format(kFindScope, literal), [&](const Row& row) {
            scope = {static_cast<std::uint32_t>(row.integer(0))};
        });
        if (scope.value != 0) return scope;
        // Nothing happens if the number or the name is taken: then the next round finds out.
        connection.exec(fmt::format(kInsertScope, random_31_bits(), literal,
                                    connection.dialect().keep_existing("scope", "id")));
    }
}

void require_all_rows(GuardedConnection& connection, CampaignId draft, const Campaign& campaign) {
    std::uint64_t rows = 0;
    connection.query(fmt::format(kCountRows, draft.value),
                     [&](const Row& row) { rows = row.natural(0); });
    if (rows != campaign.audience.members()) {
        throw RefusedError(
            fmt::format("the draft of {} holds {} recipients, but {} were to be "
                        "sealed: launch it again",
                        campaign.name.text(), rows, campaign.audience.members()));
    }
}

void delete_draft(GuardedConnection& connection, CampaignId draft) {
    Transaction transaction(connection);
    const auto found = lock_draft(connection, draft, connection.dialect().for_update);
    if (!found || found->state != CampaignState::draft) return;
    connection.exec(fmt::format("DELETE FROM chunk_payload WHERE campaign_id={}", draft.value));
    connection.exec(fmt::format("DELETE FROM chunk WHERE campaign_id={}", draft.value));
    connection.exec(fmt::format("DELETE FROM campaign WHERE id={} AND state=0", draft.value));
    transaction.commit();
}

}  // namespace

CampaignId SqlCampaignStore::begin_draft(IncarnationId owner) {
    for (;;) {
        // Drawn anew for every try: a draft left by an answer that was lost is dropped later.
        const auto drawn = retrying_.run_unless_duplicate([&](SqlSession& session) {
            const CampaignId draft{random_31_bits()};
            auto& connection = session.connection();
            connection.exec(
                fmt::format(kInsertDraft, draft.value, owner.value, connection.dialect().now_ms));
            return draft;
        });
        if (drawn) return *drawn;
    }
}

void SqlCampaignStore::add_chunks(CampaignId draft, const std::vector<NewChunk>& chunks) {
    retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        Transaction transaction(connection);
        const auto found = lock_draft(connection, draft, connection.dialect().for_share);
        if (!found || found->state != CampaignState::draft) {
            throw RefusedError("this draft was dropped or sealed meanwhile: launch again");
        }
        for (const auto& chunk : chunks)
            insert_chunk(connection, draft, chunk);
        transaction.commit();
        return true;
    });
}

bool SqlCampaignStore::seal(CampaignId draft, const Campaign& campaign, const Settings& settings,
                            std::string_view source_text, const Actor& actor) {
    const AuditEntry entry("launch", "sealed", actor);
    const SettingsEntry history(settings, actor);
    const auto sealed = campaign.to_json();
    const auto sealed_sha = Sha256::of(sealed);
    const auto scope_name = campaign.once_per.empty() ? campaign.name.text() : campaign.once_per;

    const auto is_sealed = retrying_.run_unless_duplicate([&](SqlSession& session) {
        auto& connection = session.connection();
        const auto& dialect = connection.dialect();
        Transaction transaction(connection);
        const auto found = lock_draft(connection, draft, dialect.for_update);
        if (!found) throw RefusedError("this draft was dropped meanwhile: launch again");
        // A seal whose answer was lost.
        if (found->state != CampaignState::draft) return found->name == campaign.name.text();
        require_all_rows(connection, draft, campaign);
        const auto scope = scope_named(connection, scope_name);
        connection.exec(fmt::format(
            kSeal, fmt::arg("name", dialect.key(campaign.name.text())),
            fmt::arg("scope", scope.value), fmt::arg("sealed", dialect.blob_literal(sealed)),
            fmt::arg("sha", dialect.key(view(sealed_sha))),
            fmt::arg("source", dialect.blob_literal(source_text)), fmt::arg("now", dialect.now_ms),
            fmt::arg("by", dialect.key(std::string_view(actor.who).substr(0, kNameBytesMax))),
            fmt::arg("settings", dialect.blob_literal(settings.to_json())),
            fmt::arg("id", draft.value)));
        history.write(connection, draft);
        entry.write(connection, draft);
        transaction.commit();
        return true;
    });
    if (!is_sealed) drop_draft(draft);
    return is_sealed.value_or(false);
}

void SqlCampaignStore::drop_draft(CampaignId draft) {
    retrying_.run([&](SqlSession& session) {
        delete_draft(session.connection(), draft);
        return true;
    });
}

void SqlCampaignStore::drop_dead_drafts(std::chrono::milliseconds older_than) {
    const auto dead = retrying_.run([&](SqlSession& session) {
        auto& connection = session.connection();
        std::vector<CampaignId> drafts;
        connection.query(
            fmt::format(kFindDeadDrafts, connection.dialect().now_ms, older_than.count()),
            [&](const Row& row) {
                drafts.push_back({static_cast<std::uint32_t>(row.integer(0))});
            });
        return drafts;
    });
    for (const auto draft : dead)
        drop_draft(draft);
}

}  // namespace dispatcher::sql
