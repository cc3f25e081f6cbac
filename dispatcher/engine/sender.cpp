#include "engine/sender.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crash_point.h"
#include "engine/sent_row.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// Claims being sent at once; each holds a journal batch.
constexpr std::size_t kOpenClaimsMax = 32;
/// Requests given to the gateway before it is let work: it writes and hears between them, and what
/// is on the wire grows only as far as the gateway's latency makes it.
constexpr std::size_t kSubmitsMax = 512;
/// So many may be set aside before nothing new is begun: one slow service among several makes the
/// others wait no more than that.
constexpr std::size_t kAsideRowsMax = 500;
/// An unreachable gateway keeps claimed rows waiting this long before they are released.
constexpr milliseconds kDownGrace{1000};

}  // namespace

Sender::Sender(const LaneContext& context, LaneControl& control, Gateway& gateway,
               NotificationRenderer& renderer, milliseconds gateway_patience,
               BoundedQueue<Claim>& ready, BoundedQueue<SettleJob>& jobs)
    : context_(context),
      control_(control),
      gateway_(gateway),
      renderer_(renderer),
      gateway_patience_(gateway_patience),
      repeatable_for_(gateway.repeatable_for()),
      ready_(ready),
      jobs_(jobs),
      open_(kOpenClaimsMax),
      window_clock_(context.sealed.audience.columns) {
    const auto& campaign = context.campaign;
    window_clock_.follow(context.settings, campaign, context.clock.now());
    if (campaign.deadline) expires_ = context.clock.now() + (*campaign.deadline - campaign.now);
}

// Plan: fill the gateway's capacity, let it work, take its answers, hand finished claims to the
// settler. When the lane stops, nothing new is sent: what never left is released, what is on the
// wire is waited for.
void Sender::step(BootTime until) {
    if (control_.sender_done) return;
    auto now = context_.clock.now();
    push_jobs();
    if (control_.terms_changes() != terms_changes_) take_terms(now);
    take_claims(now);
    bool has_more = false;
    if (control_.is_stopping())
        release_unsent(Reason::stopped, now);
    else
        has_more = submit_some(now);
    settle_answered(now);
    push_jobs();
    finish_if_done();
    if (control_.sender_done) return;

    answers_.clear();
    gateway_.wait(has_more ? now : next_timer(until), answers_);
    now = context_.clock.now();
    for (const auto& answer : answers_)
        handle(answer, now);
    watch_gateway(now);
    judge_withheld(now);
    settle_answered(now);
    push_jobs();
}

void Sender::take_claims(BootTime now) {
    // While stopping, everything that was claimed is taken, to be released.
    while (!current_ || control_.is_stopping()) {
        const auto place = std::find(open_.begin(), open_.end(), nullptr);
        if (place == open_.end()) return;
        if (!next_claim_) next_claim_ = ready_.try_pop();
        if (!next_claim_) return;
        if (next_claim_->not_before > now && !control_.is_stopping()) return;
        *place = std::make_unique<OpenClaim>(std::move(*next_claim_), next_serial_++);
        next_claim_.reset();
        current_ = static_cast<std::size_t>(place - open_.begin());
    }
}

/// Answers whether the gateway would take more at once.
bool Sender::submit_some(BootTime now) {
    const auto room = gateway_.capacity();
    if (room > 0) control_.gateway_ready = true;
    const auto most = std::min(room, kSubmitsMax);
    std::size_t submitted = 0;
    while (submitted < most && (send_held(now) || send_aside(now) || send_next(now)))
        ++submitted;
    if (submitted > 0) {
        control_.begun += submitted;
        context_.journal.sync();
    }
    return submitted == most && most < room;
}

/// Sends the next row of the current claim, going on to the next claim where one ends.
bool Sender::send_next(BootTime now) {
    for (;;) {
        if (!current_) take_claims(now);
        if (!current_) return false;
        auto& open = *open_[*current_];
        while (open.next < open.rows.size()) {
            if (aside_.size() >= kAsideRowsMax) return false;
            const auto row = static_cast<std::uint32_t>(open.next++);
            if (open.rows[row].phase == Phase::waiting && submit_row(*current_, row, now))
                return true;
        }
        current_.reset();
    }
}

/// Whether the row's time is over: then it is given back or, where it may have been sent, in doubt.
bool Sender::is_too_late(std::size_t index, std::uint32_t row, BootTime now) {
    auto& open = *open_[index];
    const auto& chunk = *open.claim.chunk;
    // For liveness only: the guarantee is that our right to these rows never moves.
    const bool is_lease_over = now >= chunk.valid_until();
    const bool is_expired = expires_ && now >= *expires_;
    const bool is_closed =
        window_clock_.opens_at(*chunk.data, open.claim.rows[row].row, now).has_value();
    if (is_expired && !is_lease_over) control_.is_expired = true;
    if (open.rows[row].is_doubtful) {
        const bool is_over =
            is_lease_over || is_expired || is_closed || !may_repeat(open.rows[row], now);
        if (is_over) put_in_doubt(index, row, now);
        return is_over;
    }
    if (!is_lease_over && !is_expired && !is_closed) return false;
    // Due at once: the next walk through the chunk passes over whoever waits for a window.
    answer_row(open, row, FlagState::released,
               is_lease_over ? Reason::stopped
               : is_expired  ? Reason::expired
                             : Reason::window_closed,
               now);
    return true;
}

/// Renders, marks and submits; answers false where the row was settled or set aside without
/// sending.
bool Sender::submit_row(std::size_t index, std::uint32_t row, BootTime now) {
    auto& open = *open_[index];
    const auto& claimed = open.claim.rows[row];
    const auto& chunk = *open.claim.chunk;
    if (is_too_late(index, row, now) || is_dead(index, row, now)) return false;
    const auto wall = context_.clock.wall();
    open.claim.values_of(claimed, values_);
    const auto notification =
        renderer_.render(chunk.keys[claimed.row], values_, wall, context_.campaign.deadline);
    if (!notification) {
        reject_for_good(open, row, Reason::payload_too_large, now);
        return false;
    }
    if (!open.rows[row].is_doubtful && !gateway_.has_room_for(*notification)) {
        set_aside(index, row, now);
        return false;
    }
    context_.journal.mark(open.claim.batch, claimed.slot, SlotState::wire);
    crash_point("CP10");
    gateway_.submit(SentRow{index, open.serial, row}.ticket(), *notification);
    crash_point("CP11");
    open.rows[row].phase = Phase::wire;
    if (!open.rows[row].is_doubtful) open.rows[row].sent_at = now;
    ++on_the_wire_;
    ++context_.tally.sent;
    ++context_.tally.on_the_wire;
    return true;
}

void Sender::handle(const GatewayAnswer& answer, BootTime now) {
    const auto [index, serial, row] = SentRow::of(answer.ticket);
    auto* open = open_[index].get();
    if (open == nullptr || open->serial != serial || open->rows[row].phase != Phase::wire) {
        if (!settle_held_doubt(answer, now)) handle_late(answer);
        return;
    }
    crash_point("CP13");
    --on_the_wire_;
    --context_.tally.on_the_wire;
    breaker_.observe(open->weigh(row, answer.outcome));
    const auto slot = open->claim.rows[row].slot;
    if (handle_doubtful(index, row, answer.outcome, now)) return;
    using enum Outcome::Kind;
    switch (answer.outcome.kind) {
        case accepted:
            accept(*open, row, now);
            break;
        case rejected:
            reject(*open, row, open->weigh(row, answer.outcome), now);
            break;
        case refused:
            retry_refused(index, row, answer.outcome, now);
            break;
        case not_sent:
            retry_not_sent(index, row, answer.outcome, now);
            break;
        case unknown:
            open->rows[row].tries_added += 1;
            last_unclear_ = answer.detail;
            face_doubt(index, row, answer.outcome, now);
            break;
        case campaign_fault:
            context_.journal.mark(open->claim.batch, slot, SlotState::claimed,
                                  Reason::campaign_fault);
            answer_row(*open, row, FlagState::released, Reason::campaign_fault, now);
            control_.stop(LaneStop::campaign_fault,
                          fmt::format("gateway {}: {}", context_.gateway_name, gateway_.fault()));
            break;
    }
}

void Sender::handle_late(const GatewayAnswer& answer) {
    auto job = late_.settle(answer, context_.clock.wall());
    if (!job) return;
    --context_.tally.in_doubt;
    ++(job->settlement.groups[0].settled.to == FlagState::delivered ? context_.tally.delivered
                                                                    : context_.tally.rejected);
    unpushed_.push_back(std::move(*job));
}

void Sender::accept(OpenClaim& open, std::uint32_t row, BootTime now) {
    open.rows[row].tries_added += 1;
    context_.journal.mark(open.claim.batch, open.claim.rows[row].slot, SlotState::done);
    answer_row(open, row, FlagState::delivered, Reason::none, now);
}

void Sender::reject(OpenClaim& open, std::uint32_t row, const Outcome& outcome, BootTime now) {
    auto& state = open.rows[row];
    state.tries_added += 1;
    if (outcome.suspicious && breaker_.is_on_probation()) {
        // Proved not delivered whoever is to blame; a crash now may release it. The reason says
        // that it was sent.
        context_.journal.mark(open.claim.batch, open.claim.rows[row].slot, SlotState::claimed,
                              outcome.reason);
        state.phase = Phase::withheld;
        state.reason = outcome.reason;
        ++withheld_;
        return;
    }
    reject_for_good(open, row, outcome.reason, now);
    note_dead(open, row, outcome.reason, outcome.dead_since);
}

void Sender::reject_for_good(OpenClaim& open, std::uint32_t row, Reason reason, BootTime now) {
    context_.journal.mark(open.claim.batch, open.claim.rows[row].slot, SlotState::done, reason);
    answer_row(open, row, FlagState::rejected, reason, now);
}

void Sender::answer_row(OpenClaim& open, std::uint32_t row, FlagState to, Reason reason,
                        BootTime now) {
    if (open.rows[row].phase == Phase::withheld) --withheld_;
    open.answer(row, to, reason, now);
    auto& tally = context_.tally;
    ++(to == FlagState::delivered  ? tally.delivered
       : to == FlagState::rejected ? tally.rejected
       : to == FlagState::in_doubt ? tally.in_doubt
                                   : tally.released);
}

/// Believes the withheld rejections, or lets the breaker pause the campaign.
void Sender::judge_withheld(BootTime now) {
    const bool at_rest = is_at_rest();
    if (breaker_.is_unclear() && !gateway_.repeatable_for()) {
        control_.stop(
            LaneStop::campaign_fault,
            fmt::format("gateway {}: {} of its last {} answers do not say whether the device was "
                        "reached (the last one: {}); those are in doubt, and more would be",
                        context_.gateway_name, breaker_.unclear(), breaker_.heard(),
                        last_unclear_));
        return;
    }
    if (breaker_.has_tripped(at_rest)) {
        const auto fault = gateway_.fault();
        control_.stop(
            LaneStop::campaign_fault,
            fmt::format("gateway {}: {} of the last {} devices were refused as bad tokens or bad "
                        "requests; {}",
                        context_.gateway_name, breaker_.suspicious(),
                        std::min<std::uint64_t>(breaker_.answers(), Breaker::kWindow),
                        fault.empty() ? "check environment, topic and template" : fault));
        return;  // release_unsent() gives the withheld rows back
    }
    if (withheld_ == 0 || (breaker_.is_on_probation() && !at_rest)) return;
    for (auto& open : open_) {
        if (!open) continue;
        for (std::uint32_t row = 0; row < open->rows.size(); ++row) {
            if (open->rows[row].phase != Phase::withheld) continue;
            const auto reason = open->rows[row].reason;
            reject_for_good(*open, row, reason, now);
            note_dead(*open, row, reason, {});
        }
    }
}

/// Whether nothing more is answered before the withheld rejections are judged: nothing is left to
/// send, or their claims fill every place. Small claims of a slow campaign do that soon.
bool Sender::is_at_rest() const {
    if (on_the_wire_ > 0 || current_ || !held_.empty() || !aside_.empty()) return false;
    const bool has_place = std::find(open_.begin(), open_.end(), nullptr) != open_.end();
    return !has_place || (!next_claim_ && ready_.empty());
}

void Sender::watch_gateway(BootTime now) {
    const auto health = gateway_.health();
    if (health.trouble.empty()) {
        if (down_since_) context_.observer.gateway_restored(context_.gateway_name);
        down_since_.reset();
        return;
    }
    if (!down_since_) {
        down_since_ = now;
        control_.gateway_ready = false;
        context_.observer.gateway_lost(context_.gateway_name, health.trouble);
    }
    if (now - *down_since_ >= kDownGrace) release_unsent(Reason::unreachable, now);
    if (now - *down_since_ >= gateway_patience_)
        control_.stop(LaneStop::gateway_lost,
                      fmt::format("gateway {}: {}", context_.gateway_name, health.trouble));
}

/// Makes settlements of claims that are answered to the last row, or whose answers have waited long
/// enough for the rest.
void Sender::settle_answered(BootTime now) {
    for (auto& open : open_) {
        if (!open || !open->answered_since) continue;
        const bool is_complete = open->unanswered == 0;
        if (!is_complete && now - *open->answered_since < context_.options.settle_after &&
            !control_.is_stopping())
            continue;
        const bool ranges_allowed = now < open->claim.chunk->valid_until();
        unpushed_.push_back(open->settle(context_.campaign.id, ranges_allowed));
        if (!is_complete) continue;
        const auto index = static_cast<std::size_t>(&open - open_.data());
        if (current_ == index) current_.reset();
        open.reset();
    }
}

void Sender::push_jobs() {
    while (!unpushed_.empty() && jobs_.try_push(std::move(unpushed_.front())))
        unpushed_.pop_front();
}

BootTime Sender::next_timer(BootTime until) const {
    auto timer = until;
    if (gateway_.capacity() > 0) {
        if (!held_.empty()) timer = std::min(timer, held_.top().due);
        if (!aside_.empty()) timer = std::min(timer, aside_.front().due);
    }
    if (next_claim_) timer = std::min(timer, next_claim_->not_before);
    for (const auto& open : open_)
        if (open && open->answered_since)
            timer = std::min(timer, *open->answered_since + context_.options.settle_after);
    return timer;
}

void Sender::finish_if_done() {
    if (control_.settler_done && !control_.sender_done) {
        // The store is out of reach: what is answered stays in the journal.
        control_.sender_done = on_the_wire_ == 0;
        return;
    }
    const bool is_idle =
        ready_.empty() && !next_claim_ && unpushed_.empty() &&
        std::all_of(open_.begin(), open_.end(), [](const auto& open) { return open == nullptr; });
    // Read last: a claim may have been handed over just before the claimer ended.
    if (is_idle && control_.claimer_done && ready_.empty()) control_.sender_done = true;
}

}  // namespace dispatcher
