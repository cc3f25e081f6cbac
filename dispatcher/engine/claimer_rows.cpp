// Which recipients a lane's next claim asks for.

#include <algorithm>

#include "base/crash_point.h"
#include "base/invariant.h"
#include "engine/claimer.h"

namespace dispatcher {

/// How many of the next candidates may be sent to now.
std::size_t Claimer::count_open(const Work& work, std::size_t most, BootTime now) {
    if (!window_clock_.window()) return most;
    std::size_t open = 0;
    for (auto i = work.next; i < work.next + most; ++i)
        if (!window_clock_.opens_at(*work.lease->data, work.candidates[i], now)) ++open;
    return open;
}

/// Chooses `rows` candidates that may be sent to now out of the next `most`. Those whose window is
/// closed are passed over or, where the campaign wants that, skipped for good by the claim.
void Claimer::choose_rows(Work& work, std::size_t rows, std::size_t most, BootTime now,
                          Pending& pending) {
    const auto& lease = *work.lease;
    std::size_t open = 0;
    for (; pending.looked_at < most && (open < rows || rows == 0); ++pending.looked_at) {
        const auto row = work.candidates[work.next + pending.looked_at];
        const auto opening = window_clock_.opens_at(*lease.data, row, now);
        if (!opening) {
            ++open;
        } else if (window_clock_.skips()) {
            pending.outside_window.push_back(lease.keys[row]);
        } else {
            work.opening = std::min(work.opening.value_or(WallTime::max()), *opening);
            continue;
        }
        pending.rows.push_back(row);
        pending.appids.push_back(lease.keys[row]);
    }
}

std::optional<BootTime> Claimer::begin_claim(Work& work, BootTime now) {
    if (now < first_look_until_) return first_look_until_;
    pace_.observe(now, control_.begun, ready_.empty());
    const auto most = std::min<std::size_t>(pace_.rows(), work.candidates.size() - work.next);
    std::size_t rows = count_open(work, most, now);
    if (rows > 0)
        if (const auto later =
                places_.take(flags_.session(), context_.settings.rate_per_second, rows, now))
            return later;

    Pending pending;
    pending.chunk = work.lease;
    choose_rows(work, rows, most, now, pending);
    if (pending.rows.empty()) {  // every window is closed
        work.next += pending.looked_at;
        return now;
    }
    pending.not_before = places_.not_before(now);
    BatchRecord record;
    for (const auto appid : pending.appids)
        record.appids.push(appid);
    const auto& head = work.lease->head;
    record.claim = make_claim_id(context_.incarnation, next_batch_);
    record.campaign = context_.campaign.id;
    record.scope = context_.campaign.scope;
    record.chunk = head.no;
    record.fence = head.fence;
    const auto batch = context_.journal.open_batch(record);
    if (!batch) return now + context_.options.poll;  // every batch is in use: wait for the settler
    crash_point("CP05");
    invariant(++next_batch_ != 0, "an incarnation does not run out of batch numbers");
    places_.spend();

    pending.batch = *batch;
    pending.request.campaign = context_.campaign.id;
    pending.request.scope = context_.campaign.scope;
    pending.request.chunk = head.no;
    pending.request.fence = head.fence;
    pending.request.claim = record.claim;
    pending.request.attempts_max = context_.settings.retry.attempts;
    pending.request.first_count = context_.settings.first_count;
    pending.request.first_wait = context_.settings.first_wait;
    work.next += pending.looked_at;
    pending_ = std::move(pending);
    run_pending(now);
    return now;
}

}  // namespace dispatcher
