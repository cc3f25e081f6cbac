#include "engine/simulated_store.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using Kind = StoreError::Kind;
using Mode = SimulatedDatabase::Mode;

constexpr auto kLockPatience = 3s;
constexpr auto kOrphanLives = 4s;  ///< a lost connection's transaction, at most

}  // namespace

std::unique_ptr<StoreSession> SimulatedStore::connect() {
    world_.tick(life_);
    world_.sleep(world_.between(200us, 3ms));
    if (!database_.is_up()) throw StoreError(Kind::unavailable, "connection refused");
    return std::make_unique<SimulatedStoreSession>(world_, database_, weather_, life_, mistake_);
}

SimulatedStoreSession::SimulatedStoreSession(World& world, SimulatedDatabase& database,
                                             const StoreWeather& weather, ProcessLife& life,
                                             Mistake mistake)
    : world_(world),
      database_(database),
      weather_(weather),
      life_(life),
      mistake_(mistake),
      run_(database.run()) {}

SimulatedStoreSession::~SimulatedStoreSession() {
    orphan();
}

/// The client is gone; the server finds that out later, unless the COMMIT is on its way.
void SimulatedStoreSession::orphan() {
    if (!transaction_ || transaction_->state != SimulatedDatabase::Transaction::State::open) {
        transaction_.reset();
        return;
    }
    if (!transaction_->is_commit_sent) {
        world_.at(world_.now() + world_.between(0s, kOrphanLives),
                  [&database = database_, transaction = transaction_] {
                      database.rollback(*transaction);
                  });
    }
    transaction_.reset();
}

bool SimulatedStoreSession::is_gone() const {
    const bool is_aborted =
        transaction_ && transaction_->state == SimulatedDatabase::Transaction::State::rolled_back;
    return is_lost_ || is_aborted || run_ != database_.run();
}

void SimulatedStoreSession::lose(const std::string& what) {
    is_lost_ = true;
    orphan();
    throw StoreError(Kind::ambiguous, what + ": the connection to the server was lost");
}

void SimulatedStoreSession::arrive(const char* what) {
    world_.tick(life_);
    world_.sleep(world_.chance(weather_.stall) ? world_.between(1s, 6s)
                                               : world_.between(50us, 600us));
    if (is_gone()) lose(what);
    if (world_.chance(weather_.deadlock)) {
        world_.count("statement rolled back (1213)");
        if (transaction_) database_.rollback(*transaction_);
        transaction_.reset();
        throw StoreError(Kind::not_applied, fmt::format("{}: deadlock", what));
    }
    if (world_.chance(weather_.statement_lost / 2)) {
        world_.count("connection lost before a statement");
        lose(what);
    }
}

void SimulatedStoreSession::answer(const char* what) {
    if (world_.chance(weather_.statement_lost / 2)) {
        world_.count("connection lost after a statement");
        lose(what);
    }
    world_.tick(life_);
}

void SimulatedStoreSession::execute(const char* what, const std::function<bool()>& body) {
    arrive(what);
    const auto until = world_.now() + kLockPatience;
    while (!body()) {
        if (world_.now() >= until) {
            world_.count("lock wait timed out (1205)");
            throw StoreError(Kind::lock_timeout, fmt::format("{}: lock wait timed out", what));
        }
        world_.sleep(world_.between(1ms, 60ms));
        if (is_gone()) lose(what);
    }
    answer(what);
}

void SimulatedStoreSession::begin() {
    arrive("BEGIN");
    transaction_ = database_.begin();
    answer("BEGIN");
}

// The COMMIT is the server's from the moment it is sent: it is executed whether or not its client
// lives, runs, or hears of it.
void SimulatedStoreSession::commit() {
    world_.tick(life_);
    if (is_gone()) lose("COMMIT");
    const auto transaction = transaction_;
    if (world_.chance(weather_.commit_conflict)) {
        world_.count("COMMIT refused (1213)");
        database_.rollback(*transaction);
        transaction_.reset();
        throw StoreError(Kind::not_applied, "COMMIT: conflict");
    }
    if (world_.chance(weather_.commit_unsent)) {
        world_.count("COMMIT lost on its way");
        if (mistake_ == Mistake::act_before_commit) {
            orphan();
            return;
        }
        lose("COMMIT");
    }
    const bool is_orphaned = world_.chance(weather_.commit_orphaned);
    const auto applied_at = world_.now() + (is_orphaned ? world_.between(10ms, kOrphanLives)
                                                        : world_.between(100us, 2ms));
    transaction->is_commit_sent = true;
    world_.at(applied_at, [&database = database_, transaction] { database.commit(*transaction); });
    if (is_orphaned) {
        world_.count("COMMIT executed late");
        world_.sleep(world_.between(1ms, 20ms));
        lose("COMMIT");
    }
    world_.sleep_until(applied_at + world_.between(50us, 1ms));
    if (transaction->state != SimulatedDatabase::Transaction::State::committed) lose("COMMIT");
    if (world_.chance(weather_.commit_unanswered)) {
        world_.count("COMMIT executed, answer lost");
        lose("COMMIT");
    }
    transaction_.reset();
    world_.tick(life_);
}

void SimulatedStoreSession::rollback() noexcept {
    if (transaction_ && !transaction_->is_commit_sent) database_.rollback(*transaction_);
    transaction_.reset();
}

// -- campaign -----------------------------------------------------------------------------------

std::optional<CampaignHead> SimulatedStoreSession::lock_campaign_shared(CampaignId campaign) {
    std::optional<CampaignHead> head;
    execute("SELECT campaign LOCK IN SHARE MODE", [&] {
        const bool locks_store = mistake_ != Mistake::halt_unlocked;
        if (locks_store && !database_.lock_store(*transaction_, Mode::shared)) return false;
        if (!database_.lock_campaign(*transaction_, campaign, Mode::shared)) return false;
        head = *database_.campaign(transaction_.get(), campaign);
        head->now = database_.now();
        head->is_halted = database_.is_halted();
        return true;
    });
    return head;
}

std::optional<CampaignHead> SimulatedStoreSession::lock_campaign(CampaignId campaign) {
    std::optional<CampaignHead> head;
    execute("SELECT campaign FOR UPDATE", [&] {
        if (!database_.lock_campaign(*transaction_, campaign, Mode::exclusive)) return false;
        head = *database_.campaign(transaction_.get(), campaign);
        head->now = database_.now();
        return true;
    });
    return head;
}

std::optional<CampaignHead> SimulatedStoreSession::read_campaign(CampaignId campaign) {
    std::optional<CampaignHead> head;
    execute("SELECT campaign", [&] {
        head = *database_.campaign(transaction_.get(), campaign);
        head->now = database_.now();
        head->is_halted = database_.is_halted();
        return true;
    });
    return head;
}

std::optional<Settings> SimulatedStoreSession::read_settings(CampaignId campaign) {
    std::optional<Settings> settings;
    execute("SELECT campaign (settings)", [&] {
        settings = database_.settings(campaign);
        return true;
    });
    return settings;
}

std::vector<CampaignId> SimulatedStoreSession::list_scope(ScopeId scope) {
    std::vector<CampaignId> found;
    execute("SELECT campaigns", [&] {
        found.clear();
        for (const auto& head : database_.campaigns(transaction_.get()))
            if (head.scope == scope && head.state != CampaignState::draft &&
                head.state != CampaignState::cancelled && head.state != CampaignState::purged)
                found.push_back(head.id);
        return true;
    });
    return found;
}

void SimulatedStoreSession::move_campaign(CampaignId campaign, CampaignState from,
                                          std::uint64_t epoch, CampaignState to) {
    execute("UPDATE campaign", [&] {
        if (!database_.lock_campaign(*transaction_, campaign, Mode::exclusive)) return false;
        auto head = *database_.campaign(transaction_.get(), campaign);
        if (head.state != from || head.epoch != epoch) return true;
        // From reconciling to itself: the last pass begins anew.
        if (!may_move(from, to) && !(from == to && to == CampaignState::reconciling))
            world_.violation(
                fmt::format("campaign moves from {} to {}", to_string(from), to_string(to)));
        head.state = to;
        ++head.epoch;
        transaction_->campaigns[campaign] = head;
        return true;
    });
}

// -- chunk --------------------------------------------------------------------------------------

std::optional<ChunkHead> SimulatedStoreSession::lock_chunk(CampaignId campaign, ChunkNo no) {
    std::optional<ChunkHead> head;
    execute("SELECT chunk FOR UPDATE", [&] {
        if (!database_.lock_chunk(*transaction_, {campaign, no})) return false;
        head = *database_.chunk(transaction_.get(), {campaign, no});
        head->now = database_.now();
        head->owner_closed = database_.is_closed(head->owner);
        return true;
    });
    return head;
}

std::vector<ChunkHead> SimulatedStoreSession::leasable_chunks(CampaignId campaign,
                                                              GatewayNo gateway,
                                                              std::chrono::milliseconds ttl,
                                                              std::span<const IncarnationId> dead,
                                                              std::size_t limit) {
    std::vector<ChunkHead> found;
    execute("SELECT leasable chunks", [&] {
        for (const auto& head : database_.chunks_of(transaction_.get(), campaign)) {
            const bool is_dead = std::find(dead.begin(), dead.end(), head.owner) != dead.end();
            const bool is_free = head.state == ChunkState::open || head.lease_until <= head.now ||
                                 head.lease_until > head.now + 2 * ttl || head.owner_closed ||
                                 is_dead;
            if (head.state != ChunkState::closed && head.gateway == gateway &&
                head.due_at <= head.now && is_free && found.size() < limit)
                found.push_back(head);
        }
        return true;
    });
    return found;
}

std::vector<ChunkHead> SimulatedStoreSession::list_chunks(CampaignId campaign, ChunkNo first,
                                                          std::size_t limit) {
    std::vector<ChunkHead> found;
    execute("SELECT chunks", [&] {
        for (const auto& head : database_.chunks_of(transaction_.get(), campaign))
            if (head.no >= first && found.size() < limit) found.push_back(head);
        return true;
    });
    return found;
}

std::uint64_t SimulatedStoreSession::count_open_chunks(CampaignId campaign) {
    std::uint64_t count = 0;
    execute("SELECT COUNT chunks", [&] {
        for (const auto& head : database_.chunks_of(transaction_.get(), campaign))
            count += head.state == ChunkState::closed ? 0 : 1;
        return true;
    });
    return count;
}

void SimulatedStoreSession::change_chunk(const char* what, CampaignId campaign, ChunkNo no,
                                         const std::function<void(ChunkHead&)>& change) {
    execute(what, [&] {
        if (!database_.lock_chunk(*transaction_, {campaign, no})) return false;
        auto head = *database_.chunk(transaction_.get(), {campaign, no});
        change(head);
        transaction_->chunks[{campaign, no}] = head;
        return true;
    });
}

void SimulatedStoreSession::lease_chunk(CampaignId campaign, ChunkNo no, Fence seen,
                                        IncarnationId me, std::chrono::milliseconds ttl) {
    change_chunk("UPDATE chunk (lease)", campaign, no, [&](ChunkHead& head) {
        if (head.fence != seen) return;
        head.owner = me;
        ++head.fence.value;
        head.state = ChunkState::leased;
        head.lease_until = database_.now() + ttl;
    });
}

void SimulatedStoreSession::advance_chunk(CampaignId campaign, ChunkNo no, std::uint64_t claim_seq,
                                          std::chrono::milliseconds ttl) {
    change_chunk("UPDATE chunk (claim)", campaign, no, [&](ChunkHead& head) {
        head.claim_seq = claim_seq;
        head.lease_until = database_.now() + ttl;
    });
}

void SimulatedStoreSession::renew_chunk(CampaignId campaign, ChunkNo no, Fence fence,
                                        IncarnationId me, std::chrono::milliseconds ttl) {
    change_chunk("UPDATE chunk (renew)", campaign, no, [&](ChunkHead& head) {
        if (head.fence == fence && head.owner == me && head.state == ChunkState::leased)
            head.lease_until = database_.now() + ttl;
    });
}

void SimulatedStoreSession::close_chunk(CampaignId campaign, ChunkNo no) {
    change_chunk("UPDATE chunk (close)", campaign, no, [&](ChunkHead& head) {
        head.state = ChunkState::closed;
        head.lease_until = {};
    });
}

void SimulatedStoreSession::open_chunk(CampaignId campaign, ChunkNo no,
                                       std::chrono::milliseconds due_in) {
    change_chunk("UPDATE chunk (open)", campaign, no, [&](ChunkHead& head) {
        head.state = ChunkState::open;
        head.lease_until = {};
        head.due_at = database_.now() + due_in;
    });
}

std::optional<ChunkPayload> SimulatedStoreSession::read_payload(CampaignId campaign, ChunkNo no,
                                                                bool with_data) {
    std::optional<ChunkPayload> payload;
    execute("SELECT chunk_payload", [&] {
        payload = database_.payload({campaign, no});
        if (!with_data) payload->data.reset();
        return true;
    });
    return payload;
}

// -- the first recipients -----------------------------------------------------------------------

FirstCount SimulatedStoreSession::lock_first_count(CampaignId campaign) {
    FirstCount count;
    execute("SELECT quota FOR UPDATE", [&] {
        const bool locks = mistake_ != Mistake::first_uncounted;
        if (locks && !database_.lock_first_count(*transaction_, campaign)) return false;
        count = database_.first_count(*transaction_, campaign);
        return true;
    });
    return count;
}

void SimulatedStoreSession::set_first_count(CampaignId campaign, std::uint64_t claimed) {
    execute("UPDATE quota", [&] {
        transaction_->first_counts[campaign] = {claimed, database_.now()};
        return true;
    });
}

// -- the rest -----------------------------------------------------------------------------------

StoreSession::Reservation SimulatedStoreSession::reserve(CampaignId campaign,
                                                         std::string_view gateway, std::uint32_t n,
                                                         double rate_per_second,
                                                         std::chrono::milliseconds horizon) {
    Reservation reservation;
    execute("UPDATE budget", [&] {
        auto& due = database_.budgets[{campaign, std::string(gateway)}];
        due = std::max(due, database_.now());
        reservation.wait = due - database_.now();
        reservation.granted = reservation.wait <= horizon;
        if (reservation.granted)
            due += std::chrono::milliseconds(std::lround(1000.0 * n / rate_per_second));
        return true;
    });
    return reservation;
}

void SimulatedStoreSession::insert_incarnation(IncarnationId id, std::string_view, std::string_view,
                                               std::int64_t) {
    execute("INSERT incarnation", [&] {
        if (database_.knows(id)) throw StoreError(Kind::duplicate, "the number is taken");
        transaction_->incarnations[id] = false;
        return true;
    });
}

void SimulatedStoreSession::close_incarnation(IncarnationId id) {
    execute("UPDATE incarnation", [&] {
        transaction_->incarnations[id] = true;
        return true;
    });
}

bool SimulatedStoreSession::is_incarnation_closed(IncarnationId id) {
    bool is_closed = false;
    execute("SELECT incarnation", [&] {
        is_closed = database_.is_closed(id);
        return true;
    });
    return is_closed;
}

}  // namespace dispatcher
