#include "engine/simulated_database.h"

#include <algorithm>

#include <fmt/format.h>

#include "campaign/campaign_state.h"
#include "engine/simulated_source.h"

namespace dispatcher {
namespace {

/// `written` if the transaction wrote the row, else what `table` has.
template <class Table, class Key>
const typename Table::mapped_type* find(const Table& table, const Table* written, const Key& key) {
    if (written != nullptr)
        if (const auto own = written->find(key); own != written->end()) return &own->second;
    const auto found = table.find(key);
    return found == table.end() ? nullptr : &found->second;
}

/// T1–T10, by what is in the table before and after a transaction.
bool is_legal_move(const FlagRows::Row* before, const FlagRows::Row& after) {
    using enum FlagState;
    if (before == nullptr)
        return after.state == claimed ||
               (after.state == skipped &&
                (after.code.reason == Reason::suppressed || after.code.reason == Reason::gone));
    if (before->state == after.state)
        return before->claim == after.claim && before->claims == after.claims;
    const bool is_same_claim = before->claim == after.claim;
    switch (before->state) {
        case claimed:
            return after.state == released ||
                   (is_same_claim && (after.state == delivered || after.state == rejected ||
                                      after.state == in_doubt));
        case in_doubt:
            return after.state == released || after.state == skipped ||
                   (is_same_claim && (after.state == delivered || after.state == rejected));
        case released:
            return after.state == claimed || after.state == skipped;
        case rejected:
        case skipped:
            // T10: what was ever in doubt never gets a second chance.
            return after.state == released &&
                   after.code.reason == second_chance_reason(before->state) &&
                   !before->code.was_in_doubt && after.tries_before == before->tries;
        case delivered:
            return false;
    }
    return false;
}

}  // namespace

SimulatedDatabase::TransactionPtr SimulatedDatabase::begin() {
    auto transaction = std::make_shared<Transaction>();
    transaction->begun = world_.now();
    open_.insert(transaction);
    return transaction;
}

void SimulatedDatabase::commit(Transaction& transaction) {
    if (transaction.state != Transaction::State::open) return;
    if (mistake_ == Mistake::lost_commit) remember(transaction);
    for (const auto& [key, row] : transaction.flags) {
        const auto found = flags_.find(key);
        const auto* before = found == flags_.end() ? nullptr : &found->second;
        check_flag(key, before, row);
        check_claim(transaction, key, before, row);
        flags_[key] = row;
    }
    for (const auto& [key, head] : transaction.chunks)
        chunks_[key] = head;
    for (const auto& [id, head] : transaction.campaigns) {
        if (const auto& old = campaigns_.at(id); old.state != head.state)
            world_.trace("campaign {} -> {}", to_string(old.state), to_string(head.state));
        campaigns_[id] = head;
    }
    for (const auto& [id, closed] : transaction.incarnations)
        incarnations_[id] = closed;
    for (const auto& [id, count] : transaction.first_counts)
        first_counts_[id] = count;
    transaction.state = Transaction::State::committed;
    release_locks(transaction);
}

void SimulatedDatabase::rollback(Transaction& transaction) {
    if (transaction.state != Transaction::State::open) return;
    transaction.state = Transaction::State::rolled_back;
    release_locks(transaction);
}

void SimulatedDatabase::step_clock(std::chrono::milliseconds by) {
    latest_ = latest();
    skew_ += by;
}

void SimulatedDatabase::crash() {
    is_up_ = false;
    ++run_;
    const auto open = open_;
    for (const auto& transaction : open) {
        // A COMMIT on its way may have reached the log before the crash.
        if (transaction->is_commit_sent && world_.chance(0.5))
            commit(*transaction);
        else
            rollback(*transaction);
    }
    if (mistake_ == Mistake::lost_commit) forget_last_commit();
}

/// What the rows are before the transaction's commit; rows that it makes are left out.
void SimulatedDatabase::remember(const Transaction& transaction) {
    if (transaction.flags.empty()) return;
    before_last_ = {};
    for (const auto& [key, row] : transaction.flags) {
        const auto* before = flag(nullptr, key);
        before_last_.flags[key] = before == nullptr ? FlagRows::Row{} : *before;
    }
    for (const auto& [key, head] : transaction.chunks)
        before_last_.chunks[key] = *chunk(nullptr, key);
}

void SimulatedDatabase::forget_last_commit() {
    for (const auto& [key, row] : before_last_.flags) {
        if (row.claims == 0)
            flags_.erase(key);
        else
            flags_[key] = row;
    }
    for (const auto& [key, head] : before_last_.chunks)
        chunks_[key] = head;
    before_last_ = {};
}

bool SimulatedDatabase::lock_campaign(Transaction& transaction, CampaignId campaign, Mode mode) {
    return lock(transaction, fmt::format("campaign {}", campaign.value), mode);
}

bool SimulatedDatabase::lock_chunk(Transaction& transaction, const ChunkKey& chunk) {
    return lock(transaction, fmt::format("chunk {} {}", chunk.first.value, chunk.second.value),
                Mode::exclusive);
}

bool SimulatedDatabase::lock_store(Transaction& transaction, Mode mode) {
    return lock(transaction, "store", mode);
}

bool SimulatedDatabase::lock_first_count(Transaction& transaction, CampaignId campaign) {
    return lock(transaction, fmt::format("first {}", campaign.value), Mode::exclusive);
}

bool SimulatedDatabase::lock_flag(Transaction& transaction, const FlagKey& flag) {
    return lock(transaction, fmt::format("flag {} {}", flag.scope.value, flag.appid),
                Mode::exclusive);
}

bool SimulatedDatabase::lock(Transaction& transaction, const std::string& resource, Mode mode) {
    auto& found = locks_[resource];
    if (found.exclusive == &transaction) return true;
    if (found.exclusive != nullptr) return false;
    if (mode == Mode::shared) {
        found.shared.insert(&transaction);
        return true;
    }
    const bool is_alone =
        found.shared.empty() || (found.shared.size() == 1 && found.shared.contains(&transaction));
    if (!is_alone) return false;
    found.shared.clear();
    found.exclusive = &transaction;
    return true;
}

void SimulatedDatabase::release_locks(const Transaction& transaction) {
    for (auto held = locks_.begin(); held != locks_.end();) {
        auto& holders = held->second;
        if (holders.exclusive == &transaction) holders.exclusive = nullptr;
        holders.shared.erase(&transaction);
        const bool is_free = holders.exclusive == nullptr && holders.shared.empty();
        held = is_free ? locks_.erase(held) : std::next(held);
    }
    std::erase_if(open_, [&](const auto& one) { return one.get() == &transaction; });
}

FirstCount SimulatedDatabase::first_count(const Transaction& transaction,
                                          CampaignId campaign) const {
    const auto* count = find(first_counts_, &transaction.first_counts, campaign);
    return count == nullptr ? FirstCount{} : *count;
}

const CampaignHead* SimulatedDatabase::campaign(const Transaction* transaction,
                                                CampaignId id) const {
    return find(campaigns_, transaction ? &transaction->campaigns : nullptr, id);
}

std::vector<CampaignHead> SimulatedDatabase::campaigns(const Transaction* transaction) const {
    std::vector<CampaignHead> heads;
    for (const auto& [id, head] : campaigns_)
        heads.push_back(*campaign(transaction, id));
    return heads;
}

const ChunkHead* SimulatedDatabase::chunk(const Transaction* transaction,
                                          const ChunkKey& key) const {
    return find(chunks_, transaction ? &transaction->chunks : nullptr, key);
}

const FlagRows::Row* SimulatedDatabase::flag(const Transaction* transaction,
                                             const FlagKey& key) const {
    return find(flags_, transaction ? &transaction->flags : nullptr, key);
}

std::vector<ChunkHead> SimulatedDatabase::chunks_of(const Transaction* transaction,
                                                    CampaignId campaign) const {
    std::vector<ChunkHead> heads;
    for (const auto& [key, head] : chunks_)
        if (key.first == campaign) heads.push_back(*chunk(transaction, key));
    for (auto& head : heads) {
        head.now = now();
        head.owner_closed = is_closed(head.owner);
    }
    return heads;
}

void SimulatedDatabase::for_range(
    const Transaction* transaction, const KeyRange& range,
    const std::function<void(const FlagKey&, const FlagRows::Row&)>& visit) const {
    const FlagKey lo{range.scope, std::string(range.lo)};
    const FlagKey hi{range.scope, std::string(range.hi)};
    static const FlagTable kNothing;
    const auto& own = transaction ? transaction->flags : kNothing;
    auto a = flags_.lower_bound(lo);
    auto b = own.lower_bound(lo);
    const auto a_end = flags_.upper_bound(hi);
    const auto b_end = own.upper_bound(hi);
    while (a != a_end || b != b_end) {
        if (b == b_end || (a != a_end && a->first < b->first)) {
            visit(a->first, a->second);
            ++a;
            continue;
        }
        if (a != a_end && a->first == b->first) ++a;
        visit(b->first, b->second);
        ++b;
    }
}

bool SimulatedDatabase::is_closed(IncarnationId incarnation) const {
    const auto found = incarnations_.find(incarnation);
    return found != incarnations_.end() && found->second;
}

bool SimulatedDatabase::knows(IncarnationId incarnation) const {
    return incarnations_.contains(incarnation);
}

void SimulatedDatabase::add_chunk(const ChunkHead& head, ChunkPayload payload) {
    chunks_[{head.campaign, head.no}] = head;
    payloads_[{head.campaign, head.no}] = std::move(payload);
}

bool SimulatedDatabase::move_campaign(CampaignId id, CampaignState from, CampaignState to) {
    const auto transaction = begin();
    const bool is_free = is_up_ && lock_campaign(*transaction, id, Mode::exclusive);
    auto head = campaigns_.at(id);
    if (is_free && head.state == from) {
        head.state = to;
        ++head.epoch;
        transaction->campaigns[id] = head;
        commit(*transaction);
        return true;
    }
    rollback(*transaction);
    return false;
}

bool SimulatedDatabase::change_settings(CampaignId id, const Settings& settings) {
    const auto transaction = begin();
    const bool is_free = is_up_ && lock_campaign(*transaction, id, Mode::exclusive);
    if (is_free) {
        auto head = campaigns_.at(id);
        ++head.epoch;
        transaction->campaigns[id] = head;
        settings_[id] = settings;
        commit(*transaction);
    } else {
        rollback(*transaction);
    }
    return is_free;
}

bool SimulatedDatabase::set_halted(bool is_halted) {
    const auto transaction = begin();
    const bool is_free = is_up_ && lock_store(*transaction, Mode::exclusive);
    if (is_free) is_halted_ = is_halted;
    rollback(*transaction);
    return is_free;
}

/// What binds claims besides the flags themselves: halt, opt-outs, the first recipients.
void SimulatedDatabase::check_claim(const Transaction& transaction, const FlagKey& key,
                                    const FlagRows::Row* before, const FlagRows::Row& after) {
    if (after.state == FlagState::skipped && after.code.reason == Reason::suppressed &&
        !is_suppressed(key.appid))
        world_.violation(key.appid + " was skipped as opted out and had not opted out");
    const bool is_gone = is_refreshed_ && SimulatedSource::is_gone(key.appid);
    if (after.state == FlagState::skipped && after.code.reason == Reason::gone && !is_gone)
        world_.violation(key.appid + " was skipped as gone and was not");
    const bool is_claim =
        after.state == FlagState::claimed && (before == nullptr || before->claim != after.claim);
    if (!is_claim) return;
    if (is_gone) world_.violation(key.appid + " was claimed and is gone");
    if (is_halted_) world_.violation(key.appid + " was claimed in a halted store");
    const auto opted_out = suppressed_.find(key.appid);
    if (opted_out != suppressed_.end() && opted_out->second < transaction.begun)
        world_.violation(key.appid + " was claimed after it had opted out");
    if (before != nullptr && before->campaign == after.campaign) return;
    const auto claimed = ++fresh_claims_[after.campaign];
    const auto most = settings_.at(after.campaign).first_count;
    if (most > 0 && claimed > most)
        world_.violation(fmt::format("{} claimed of the first {}", claimed, most));
}

void SimulatedDatabase::check_flag(const FlagKey& key, const FlagRows::Row* before,
                                   const FlagRows::Row& after) {
    const auto text = [](const FlagRows::Row& row) {
        return fmt::format("{}({:x}, claims {}, code {})", to_string(row.state), row.claim.value,
                           row.claims, row.code.stored());
    };
    const auto move = fmt::format("flag {}: {} -> {}", key.appid,
                                  before == nullptr ? "new" : text(*before), text(after));
    world_.trace("{}", move);
    if (!is_legal_move(before, after)) world_.violation("illegal move, " + move);
    const bool is_claim =
        after.state == FlagState::claimed && (before == nullptr || before->claim != after.claim);
    if (is_claim && !claimed_.emplace(key, after.claim.value).second)
        world_.violation("claim id used twice, " + move);
    if (before != nullptr && after.tries < before->tries)
        world_.violation("tries went down, " + move);
    if (before != nullptr && before->code.was_in_doubt && !after.code.was_in_doubt)
        world_.violation("forgot that it was in doubt, " + move);
    if (after.state == FlagState::released && after.code.reason == Reason::resend)
        resent_.insert(key);
}

}  // namespace dispatcher
