#include "engine/claimer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crash_point.h"
#include "base/invariant.h"
#include "engine/chunk_survey.h"
#include "store/key_merge.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// How long a campaign that pauses after its first recipients waits for other lanes' last claims.
constexpr milliseconds kFirstPatience{10'000};
/// How often it is asked whether the time for a look at the first recipients is over.
constexpr milliseconds kFirstLook{1000};

BootTime never() {
    return BootTime::max();
}

}  // namespace

Claimer::Claimer(const LaneContext& context, LaneControl& control, BoundedQueue<Claim>& ready)
    : context_(context),
      control_(control),
      ready_(ready),
      flags_(context.store, context.options.lease),
      patience_(context.options, context.random, context.observer),
      source_patience_(context.options, context.observer),
      pace_(context.options.batch_rows),
      places_(context.campaign.id, context.gateway_name, context.gateway_rate_per_second),
      window_clock_(context.sealed.audience.columns) {
    window_clock_.follow(context.settings, context.campaign, context.clock.now());
}

// Plan: an uncertain claim first; then what keeps promises (renew, watch, finish); then new claims;
// then new chunks. The first of them that does something ends the step.
BootTime Claimer::step() {
    const auto now = context_.clock.now();
    if (control_.claimer_done) return never();
    if (now < patience_.retry_at()) return patience_.retry_at();
    try {
        const auto wake = advance(now);
        // While the settler cannot write this step may not have asked the store at all.
        if (!control_.settler_stuck) patience_.succeeded();
        const bool watches = !control_.is_stopping() && !control_.settler_stuck;
        const auto watch_at = watches ? watched_ + context_.options.watch : never();
        return std::min(wake.value_or(now), watch_at);
    } catch (const StoreError& error) {
        return store_failed(error, now);
    }
}

std::optional<BootTime> Claimer::advance(BootTime now) {
    if (pending_) {
        run_pending(now);
        return now;
    }
    if (renew_one(now)) return now;
    if (watch_campaign(now)) return now;
    if (finish_one()) return now;
    if (control_.is_stopping()) {
        // What we hold ends with its last settled claim.
        const bool waits = std::any_of(held_.begin(), held_.end(), [](const Work& work) {
            return work.lease->open_claims.load() > 0;
        });
        if (!waits || control_.settler_done) control_.claimer_done = true;
        return now + context_.options.poll;
    }
    if (first_reached_at_) return await_first(now);
    if (!can_claim()) return now + context_.options.poll;
    for (std::size_t i = 0; i < held_.size(); ++i) {
        auto& work = held_[(turn_ + i) % held_.size()];
        if (work.is_walked()) continue;
        turn_ = (turn_ + i) % held_.size();
        return begin_claim(work, now);
    }
    return lease_more(now);
}

BootTime Claimer::store_failed(const StoreError& error, BootTime now) {
    using enum StoreError::Kind;
    if (error.kind() == durability_lost) {
        control_.stop(LaneStop::frozen, error.what());
        held_.clear();
        pending_.reset();
        return now;
    }
    if (error.kind() != not_applied && error.kind() != lock_timeout && error.kind() != duplicate)
        flags_.disconnect();
    if (!patience_.bears(error, now)) {
        // The journal and the leases say what the next run has to settle.
        control_.stop(LaneStop::store_lost, error.what());
        held_.clear();
        pending_.reset();
        control_.claimer_done = true;
    }
    return patience_.retry_at();
}

bool Claimer::renew_one(BootTime now) {
    for (auto& work : held_) {
        if (now - work.renewed < context_.options.lease / 3) continue;
        flags_.renew(work.lease->head, context_.incarnation);
        // renew() does nothing where the lease is another's; the next claim finds that out, and the
        // sender must not begin sends on a lease that only we believe in. So a renewal is read
        // back.
        const auto seen =
            flags_.session().list_chunks(context_.campaign.id, work.lease->head.no, 1);
        work.renewed = now;
        if (!seen.empty()) FlagStore::require_kept(seen[0], work.lease->head);
        if (!seen.empty() && seen[0].fence == work.lease->head.fence &&
            seen[0].state == ChunkState::leased)
            work.lease->extend(now + context_.options.lease);
        else
            drop(work.lease);
        return true;
    }
    return false;
}

/// Looks now and then whether the campaign still runs as we know it: a lane that has nothing to
/// claim must hear of a pause, a halt and new settings too.
bool Claimer::watch_campaign(BootTime now) {
    if (control_.is_stopping() || control_.settler_stuck || now - watched_ < context_.options.watch)
        return false;
    watched_ = now;
    follow_campaign(/*is_claiming=*/false);
    return true;
}

/// The first recipients are claimed. The campaign pauses when they are settled, wherever they were
/// claimed: a pause now would give back those that wait to be sent.
BootTime Claimer::await_first(BootTime now) {
    const auto survey = ChunkSurvey::of(flags_.session(), context_.campaign.id);
    const bool waits = !held_.empty() || survey.leased > 0;
    if (survey.open() == 0)
        first_reached_at_.reset();  // they were all
    else if (!waits || now - *first_reached_at_ >= kFirstPatience)
        control_.stop(LaneStop::first_reached,
                      fmt::format("the first {} were sent to, look at them before the rest",
                                  context_.settings.first_count));
    return now + context_.options.watch;
}

/// Ends one chunk that is walked, or that we must leave, and whose claims are settled.
bool Claimer::finish_one() {
    const bool leave = control_.is_stopping() || first_reached_at_;
    const auto found = std::find_if(held_.begin(), held_.end(), [&](const Work& work) {
        return (work.is_walked() || leave || control_.is_expired) &&
               work.lease->open_claims.load() == 0;
    });
    if (found == held_.end()) return false;
    const auto lease = found->lease;
    auto opening = found->is_walked() ? found->opening : std::nullopt;
    // Whoever waits for a window beyond the deadline is settled when that has passed.
    if (opening && context_.campaign.deadline)
        opening = std::min(*opening, *context_.campaign.deadline);
    flags_.finish(lease->head, lease->scope, lease->keys, context_.settings.retry.attempts,
                  control_.is_expired, opening);
    drop(lease);
    looked_at_ = {};
    return true;
}

bool Claimer::can_claim() const {
    return control_.gateway_ready && !control_.settler_stuck && !ready_.full();
}

/// Runs the pending claim's transaction. An error that leaves it uncertain keeps it pending.
void Claimer::run_pending(BootTime now) {
    auto& request = pending_->request;
    request.appids = pending_->appids;
    request.skips = pending_->skips;
    request.epoch = context_.campaign.epoch;
    request.claim_seq = pending_->chunk->head.claim_seq;
    const bool is_rerun = request.is_rerun;
    request.is_rerun = true;  // for the next time, unless this one returns
    auto first = request;
    first.is_rerun = is_rerun;
    const auto result = flags_.claim(first, won_);
    if (result.verdict == ClaimVerdict::claimed) {
        pending_->chunk->head.claim_seq += 1;
        pending_->chunk->extend(now + context_.options.lease);
        if (result.was_last_of_first && request.first_wait.count() == 0) first_reached_at_ = now;
        hand_over(result);
        return;
    }
    if (is_rerun && result.verdict == ClaimVerdict::lease_lost) {
        // The lost try may have committed before the lease was taken over: then the rows are in
        // doubt under our claim id, and we know that they were never sent.
        flags_.release_unsent(request.campaign, request.scope, request.chunk, request.claim,
                              pending_->appids.front(), pending_->appids.back(), Reason::stopped);
    }
    context_.journal.free_batch(pending_->batch);
    const auto chunk = pending_->chunk;
    for (auto& work : held_)
        if (work.lease == chunk) work.next -= pending_->looked_at;
    pending_.reset();
    switch (result.verdict) {
        case ClaimVerdict::lease_lost:
            drop(chunk);
            break;
        case ClaimVerdict::expired:
            control_.is_expired = true;
            break;
        case ClaimVerdict::not_running:
            follow_campaign(/*is_claiming=*/true);
            break;
        case ClaimVerdict::first_reached:
            if (context_.settings.first_wait.count() > 0)
                first_look_until_ = now + kFirstLook;
            else if (!first_reached_at_)
                first_reached_at_ = now;
            break;
        case ClaimVerdict::claimed:
            break;
    }
}

void Claimer::hand_over(const ClaimResult& result) {
    if (result.raced > 0) {
        context_.tally.raced += result.raced;
        context_.observer.already_claimed(result.raced);
    }
    context_.tally.suppressed += result.suppressed + result.skipped;
    Claim claim;
    claim.id = pending_->request.claim;
    claim.batch = pending_->batch;
    claim.chunk = pending_->chunk;
    claim.not_before = pending_->not_before;
    claim.addresses = std::move(pending_->addresses);
    claim.rows.reserve(won_.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < pending_->rows.size() && at < won_.size(); ++i) {
        if (won_.appids[at] != pending_->appids[i]) continue;
        claim.rows.push_back({pending_->rows[i], static_cast<std::uint16_t>(i),
                              won_.rows[at].tries_spent(),
                              won_.rows[at].code.reason == Reason::rejected_before});
        ++at;
    }
    invariant(at == won_.size(), "a claim wins only what it asked for");
    context_.tally.claimed += claim.rows.size();
    if (claim.rows.empty()) {
        context_.journal.free_batch(claim.batch);
        pending_.reset();
        return;
    }
    claim.chunk->open_claims += 1;
    pending_.reset();
    invariant(ready_.try_push(std::move(claim)), "only the claimer fills the ready queue");
    crash_point("CP09");
}

/// Goes on under what an operator changed, or stops where the campaign runs no more. Whoever does
/// not claim leaves a campaign that is being finished alone: the chunks say when the lane is done.
void Claimer::follow_campaign(bool is_claiming) {
    using enum CampaignState;
    auto& session = flags_.session();
    const auto head = session.read_campaign(context_.campaign.id);
    invariant(head.has_value(), "a campaign that runs has a row");
    const bool is_ending =
        head->state == reconciling || head->state == done || head->state == done_with_doubt;
    if (head->state != running) {
        if (is_claiming || !is_ending)
            control_.stop(LaneStop::campaign_moved, std::string(to_string(head->state)));
        return;
    }
    if (head->is_halted) {
        control_.stop(LaneStop::halted, "the store is halted");
        return;
    }
    // Nobody may claim, and so be told, while every send window is closed.
    if (head->deadline && *head->deadline <= head->now) control_.is_expired = true;
    if (head->epoch == context_.campaign.epoch) return;
    if (auto settings = session.read_settings(head->id)) context_.settings = *settings;
    context_.campaign = *head;
    control_.change_terms(*head, context_.settings);
    control_.is_expired = head->deadline && *head->deadline <= head->now;
    places_.forget();
    window_clock_.follow(context_.settings, context_.campaign, context_.clock.now());
    first_look_until_ = {};
    if (context_.settings.first_count == 0 || context_.settings.first_wait.count() > 0)
        first_reached_at_.reset();
}

void Claimer::drop(const std::shared_ptr<ChunkLease>& chunk) {
    std::erase_if(held_, [&](const Work& work) { return work.lease == chunk; });
    turn_ = 0;
}

std::optional<BootTime> Claimer::lease_more(BootTime now) {
    const bool is_full = held_.size() >= context_.options.chunks_per_lane;
    const bool looked = looked_at_ != BootTime{} && now - looked_at_ < context_.options.poll;
    if (is_full || looked) return now + context_.options.poll;

    if (taking_) {
        take_up(*taking_, now);
        taking_.reset();
        return now;
    }
    if (!leasing_) {
        const auto free = flags_.leasable(context_.campaign.id, context_.gateway, context_.dead, 8);
        // Workers that look at the same moment should not all run for the same chunk.
        if (!free.empty()) leasing_ = free[context_.random.next() % free.size()];
    }
    if (leasing_) {
        taking_ =
            flags_.lease(*leasing_, context_.campaign.scope, context_.incarnation, context_.dead);
        leasing_.reset();
        return now;
    }
    looked_at_ = now;
    if (held_.empty() &&
        ChunkSurvey::of(flags_.session(), context_.campaign.id).open(context_.gateway) == 0) {
        control_.is_exhausted = true;
        control_.claimer_done = true;
    }
    return now + context_.options.poll;
}

/// Loads a chunk's content and finds the recipients that look free.
void Claimer::take_up(const ChunkHead& head, BootTime leased_at) {
    auto lease = std::make_shared<ChunkLease>();
    lease->head = head;
    lease->scope = context_.campaign.scope;
    auto& session = flags_.session();
    const auto payload = session.read_payload(head.campaign, head.no, true);
    if (!payload || !payload->data ||
        chunk_sha256(payload->keys, *payload->data) != payload->sha256) {
        control_.stop(
            LaneStop::frozen,
            fmt::format("the sealed content of chunk {} is missing or damaged", head.no.value));
        return;
    }
    lease->keys = read_chunk_keys(payload->keys);
    lease->data.emplace(*payload->data);
    lease->extend(leased_at + context_.options.lease);

    Work work;
    work.lease = lease;
    work.renewed = leased_at;
    FlagRows rows;
    session.read_standing({lease->scope, head.key_lo, head.key_hi}, rows);
    std::uint32_t row = 0;
    merge_keys(lease->keys, rows, [&](std::string_view, const FlagRows::Row* flag) {
        const bool is_free = flag == nullptr || (flag->state == FlagState::released &&
                                                 has_tries_left(*flag, head.campaign,
                                                                context_.settings.retry.attempts) &&
                                                 flag->due_at.value_or(WallTime{}) <= head.now);
        if (is_free) work.candidates.push_back(row);
        ++row;
    });
    if (context_.addresses == nullptr)
        lease->dead =
            find_dead_rows(session, context_.tokens, work.candidates,
                           [&](std::uint32_t at, auto& values) { lease->data->row(at, values); });
    held_.push_back(std::move(work));
}

}  // namespace dispatcher
