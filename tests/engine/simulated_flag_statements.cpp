// The statements of SimulatedStoreSession on the table of flags.

#include "engine/simulated_store.h"

namespace dispatcher {
namespace {

void add_row(FlagRows& out, const FlagKey& key, const FlagRows::Row& row) {
    out.appids.push(key.appid);
    out.rows.push_back(row);
}

}  // namespace

void SimulatedStoreSession::change_keys(const char* what, ScopeId scope,
                                        std::span<const std::string_view> appids,
                                        const Guard& guard, const Change& change) {
    execute(what, [&] {
        for (const auto appid : appids)
            if (!database_.lock_flag(*transaction_, {scope, std::string(appid)})) return false;
        for (const auto appid : appids) {
            const FlagKey key{scope, std::string(appid)};
            const auto* row = database_.flag(transaction_.get(), key);
            if (row == nullptr || !guard(*row)) continue;
            auto changed = *row;
            change(changed);
            changed.changed_at = database_.now();
            transaction_->flags[key] = changed;
        }
        return true;
    });
}

/// As at READ COMMITTED: rows whose committed version does not match are passed over unlocked.
void SimulatedStoreSession::change_range(const char* what, const KeyRange& range,
                                         const Guard& guard, const Change& change) {
    execute(what, [&] {
        std::vector<std::pair<FlagKey, Row>> found;
        database_.for_range(transaction_.get(), range, [&](const FlagKey& key, const Row& row) {
            if (guard(row)) found.emplace_back(key, row);
        });
        for (const auto& [key, row] : found)
            if (!database_.lock_flag(*transaction_, key)) return false;
        for (auto& [key, row] : found) {
            change(row);
            row.changed_at = database_.now();
            transaction_->flags[key] = row;
        }
        return true;
    });
}

void SimulatedStoreSession::read_flags(const KeyRange& range, FlagRows& out) {
    execute("SELECT delivery", [&] {
        out.clear();
        database_.for_range(transaction_.get(), range,
                            [&](const FlagKey& key, const Row& row) { add_row(out, key, row); });
        return true;
    });
}

void SimulatedStoreSession::insert_claims(ScopeId scope, CampaignId campaign, ClaimId claim,
                                          std::span<const std::string_view> appids) {
    execute("INSERT delivery", [&] {
        for (const auto appid : appids)
            if (!database_.lock_flag(*transaction_, {scope, std::string(appid)})) return false;
        for (const auto appid : appids) {
            const FlagKey key{scope, std::string(appid)};
            if (database_.flag(transaction_.get(), key) != nullptr) continue;
            Row row;
            row.campaign = campaign;
            row.claims = 1;
            row.claim = claim;
            row.changed_at = database_.now();
            transaction_->flags[key] = row;
        }
        return true;
    });
}

void SimulatedStoreSession::reclaim(ScopeId scope, CampaignId campaign, ClaimId claim,
                                    std::span<const std::string_view> appids) {
    change_keys(
        "UPDATE delivery (reclaim)", scope, appids,
        [](const Row& row) { return row.state == FlagState::released; },
        [&](Row& row) {
            ++row.claims;
            if (row.campaign != campaign) row.tries_before = row.tries;
            row.campaign = campaign;
            row.claim = claim;
            row.due_at.reset();
            row.state = FlagState::claimed;
        });
}

void SimulatedStoreSession::read_won(const KeyRange& range, ClaimId claim, FlagRows& out) {
    execute("SELECT delivery (won)", [&] {
        out.clear();
        database_.for_range(transaction_.get(), range, [&](const FlagKey& key, const Row& row) {
            if (row.claim == claim && row.state == FlagState::claimed) add_row(out, key, row);
        });
        return true;
    });
}

void SimulatedStoreSession::settle_keys(ScopeId scope, ClaimId claim, const Settled& settled,
                                        std::span<const std::string_view> appids) {
    const bool is_release = settled.to == FlagState::released;
    const bool from_doubt = settled.from_doubt && settled.to != FlagState::in_doubt;
    const bool any_claim = is_release && mistake_ == Mistake::release_any_claim;
    change_keys(
        "UPDATE delivery (settle)", scope, appids,
        [&](const Row& row) {
            return (row.claim == claim || any_claim) &&
                   (row.state == FlagState::claimed ||
                    (from_doubt && row.state == FlagState::in_doubt));
        },
        [&](Row& row) {
            row.code = {settled.code.reason, row.code.was_in_doubt || settled.code.was_in_doubt ||
                                                 row.state == FlagState::in_doubt ||
                                                 settled.to == FlagState::in_doubt};
            row.tries = static_cast<std::uint16_t>(row.tries + settled.tries_added);
            row.state = settled.to;
            if (!is_release) return;
            row.claim = {};
            row.due_at = database_.now() + settled.due_in;
        });
}

void SimulatedStoreSession::confirm_range(const KeyRange& range, ClaimId claim) {
    change_range(
        "UPDATE delivery (confirm)", range,
        [&](const Row& row) { return row.claim == claim && row.state == FlagState::claimed; },
        [](Row& row) {
            row.code.reason = Reason::none;
            ++row.tries;
            row.state = FlagState::delivered;
        });
}

void SimulatedStoreSession::read_keys(ScopeId scope, std::span<const std::string_view> appids,
                                      FlagRows& out) {
    execute("SELECT delivery (keys)", [&] {
        out.clear();
        for (const auto appid : appids) {
            const FlagKey key{scope, std::string(appid)};
            if (const auto* row = database_.flag(transaction_.get(), key)) add_row(out, key, *row);
        }
        return true;
    });
}

void SimulatedStoreSession::release_range(const KeyRange& range, ClaimId claim, Reason reason) {
    const bool any_claim = mistake_ == Mistake::release_any_claim;
    change_range(
        "UPDATE delivery (release)", range,
        [&](const Row& row) {
            return (row.claim == claim || any_claim) &&
                   (row.state == FlagState::claimed || row.state == FlagState::in_doubt);
        },
        [&](Row& row) {
            row.code.reason = reason;
            row.claim = {};
            row.due_at = database_.now();
            row.state = FlagState::released;
        });
}

void SimulatedStoreSession::sweep(const KeyRange& range, CampaignId campaign,
                                  IncarnationId old_owner, Reason reason) {
    change_range(
        "UPDATE delivery (sweep)", range,
        [&](const Row& row) {
            return row.campaign == campaign && row.state == FlagState::claimed &&
                   incarnation_of(row.claim) == old_owner;
        },
        [&](Row& row) {
            row.code = {reason, true};
            row.state = FlagState::in_doubt;
            if (mistake_ != Mistake::lease_resend) return;
            row.state = FlagState::released;
            row.claim = {};
            row.due_at = database_.now();
        });
}

void SimulatedStoreSession::give_up(ScopeId scope, CampaignId campaign, Reason reason,
                                    std::span<const std::string_view> appids) {
    change_keys(
        "UPDATE delivery (give up)", scope, appids,
        [&](const Row& row) {
            return row.campaign == campaign && row.state == FlagState::released;
        },
        [&](Row& row) {
            row.code.reason = reason;
            row.claim = {};
            row.due_at.reset();
            row.state = FlagState::skipped;
        });
}

void SimulatedStoreSession::read_suppressed(std::span<const std::string_view> appids,
                                            AppidList& out) {
    execute("SELECT suppression", [&] {
        out.clear();
        if (mistake_ == Mistake::opt_outs_unread) return true;
        for (const auto appid : appids)
            if (database_.is_suppressed(std::string(appid))) out.push(appid);
        return true;
    });
}

void SimulatedStoreSession::insert_skipped(ScopeId scope, CampaignId campaign, Reason reason,
                                           std::span<const std::string_view> appids) {
    execute("INSERT delivery (skipped)", [&] {
        for (const auto appid : appids)
            if (!database_.lock_flag(*transaction_, {scope, std::string(appid)})) return false;
        for (const auto appid : appids) {
            const FlagKey key{scope, std::string(appid)};
            if (database_.flag(transaction_.get(), key) != nullptr) continue;
            Row row;
            row.campaign = campaign;
            row.state = FlagState::skipped;
            row.code.reason = reason;
            row.changed_at = database_.now();
            transaction_->flags[key] = row;
        }
        return true;
    });
}

void SimulatedStoreSession::skip_released(ScopeId scope, CampaignId campaign, Reason reason,
                                          std::span<const std::string_view> appids) {
    change_keys(
        "UPDATE delivery (skip)", scope, appids,
        [](const Row& row) { return row.state == FlagState::released; },
        [&](Row& row) {
            row.campaign = campaign;
            row.code.reason = reason;
            row.claim = {};
            row.due_at.reset();
            row.state = FlagState::skipped;
        });
}

void SimulatedStoreSession::resolve_keys(ScopeId scope, ClaimId claim, FlagState to, Reason reason,
                                         std::span<const std::string_view> appids) {
    change_keys(
        "UPDATE delivery (resolve)", scope, appids,
        [&](const Row& row) { return row.claim == claim && row.state == FlagState::in_doubt; },
        [&](Row& row) {
            row.code = {reason, true};
            row.state = to;
            if (to != FlagState::released) return;
            row.claim = {};
            row.due_at = database_.now();
        });
}

void SimulatedStoreSession::give_second_chance(ScopeId scope, CampaignId campaign,
                                               const SecondChance& seen,
                                               std::span<const std::string_view> appids) {
    change_keys(
        "UPDATE delivery (second chance)", scope, appids,
        [&](const Row& row) {
            return row.campaign == campaign && row.claim == seen.claim &&
                   row.claims == seen.claims && row.state == seen.from &&
                   row.code.reason == seen.reason && !row.code.was_in_doubt;
        },
        [&](Row& row) {
            row.tries_before = row.tries;
            row.code.reason = second_chance_reason(row.state);
            row.claim = {};
            row.due_at = database_.now();
            row.state = FlagState::released;
        });
}

}  // namespace dispatcher
