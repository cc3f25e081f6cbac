#include "engine/settler.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStoreRetry{200};

}  // namespace

Settler::Settler(const LaneContext& context, LaneControl& control, BoundedQueue<SettleJob>& jobs)
    : context_(context),
      control_(control),
      jobs_(jobs),
      flags_(context.store, context.options.lease) {}

BootTime Settler::step() {
    const auto now = context_.clock.now();
    if (control_.settler_done) return BootTime::max();
    if (now < store_retry_at_) return store_retry_at_;
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
    if (store_lost_since_) {
        store_lost_since_.reset();
        control_.settler_stuck = false;
        context_.observer.store_restored();
    }
    if (job_->ends_claim) {
        context_.journal.free_batch(job_->batch);
        job_->chunk->open_claims -= 1;
    }
    job_.reset();
}

BootTime Settler::store_failed(const StoreError& error, BootTime now) {
    using enum StoreError::Kind;
    if (error.kind() == durability_lost) {
        control_.stop(LaneStop::frozen, error.what());
        control_.settler_done = true;  // what it knows stays in the journal
        return now;
    }
    if (error.kind() == not_applied || error.kind() == lock_timeout || error.kind() == duplicate) {
        store_retry_at_ = now + milliseconds(1 + context_.random.next() % 20);
        return store_retry_at_;
    }
    if (!store_lost_since_) {
        store_lost_since_ = now;
        control_.settler_stuck = true;
        context_.observer.store_lost(error.what());
    }
    if (now - *store_lost_since_ >= context_.options.store_patience) {
        // Answers stay in the journal, where the next run finds and settles them.
        control_.stop(LaneStop::store_lost, error.what());
        control_.settler_done = true;
    }
    store_retry_at_ = now + kStoreRetry;
    return store_retry_at_;
}

}  // namespace dispatcher
