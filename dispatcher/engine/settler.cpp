#include "engine/settler.h"

namespace dispatcher {
Settler::Settler(const LaneContext& context, LaneControl& control, BoundedQueue<SettleJob>& jobs)
    : context_(context),
      control_(control),
      jobs_(jobs),
      flags_(context.store, context.options.lease),
      patience_(context.options, context.random, context.observer) {}

BootTime Settler::step() {
    const auto now = context_.clock.now();
    if (control_.settler_done) return BootTime::max();
    if (now < patience_.retry_at()) return patience_.retry_at();
    const bool sender_was_done = control_.sender_done;
    if (!job_) job_ = jobs_.try_pop();
    if (!job_) {
        if (sender_was_done) control_.settler_done = true;
        return now + context_.options.poll;
    }
    try {
        settle_job();
    } catch (const StoreError& error) {
        return store_failed(error, now);
    }
    return now;
}

void Settler::settle_job() {
    flags_.settle(job_->settlement);
    patience_.succeeded();
    control_.settler_stuck = false;
    if (!job_->dead.empty())
        context_.observer.tokens_died(context_.gateway_name, std::move(job_->dead));
    if (job_->ends_claim) {
        context_.journal.free_batch(job_->batch);
        job_->chunk->open_claims -= 1;
    }
    job_.reset();
}

BootTime Settler::store_failed(const StoreError& error, BootTime now) {
    if (error.kind() == StoreError::Kind::durability_lost) {
        control_.stop(LaneStop::frozen, error.what());
        control_.settler_done = true;  // what it knows stays in the journal
        return now;
    }
    if (!patience_.bears(error, now)) {
        // Answers stay in the journal, where the next run finds and settles them.
        control_.stop(LaneStop::store_lost, error.what());
        control_.settler_done = true;
    }
    control_.settler_stuck = patience_.is_lost();
    return patience_.retry_at();
}

}  // namespace dispatcher
