// Which recipients a lane's next claim asks for.

#include <algorithm>

#include "base/crash_point.h"
#include "base/error.h"
#include "base/invariant.h"
#include "engine/claimer.h"

namespace dispatcher {
namespace {

/// Appids that stand evenly over a chunk, as many as one look-up may ask for.
std::vector<std::string_view> spread_keys(const AppidList& keys) {
    constexpr std::size_t kAskedMax = 1000;
    const auto step = (keys.size() + kAskedMax - 1) / kAskedMax;
    std::vector<std::string_view> spread;
    for (std::size_t i = 0; i < keys.size(); i += step)
        spread.push_back(keys[i]);
    return spread;
}

}  // namespace

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
            pending.skips.push_back({lease.keys[row], Reason::window});
        } else {
            work.opening = std::min(work.opening.value_or(WallTime::max()), *opening);
            continue;
        }
        pending.rows.push_back(row);
        pending.appids.push_back(lease.keys[row]);
    }
}

/// Looks up where the chosen recipients are now, just before they are claimed. Answers when to come
/// back where that cannot be known, or cannot be right: nothing is claimed then.
std::optional<BootTime> Claimer::bind_addresses(const Work& work, BootTime now, Pending& pending) {
    if (now < source_patience_.retry_at()) return source_patience_.retry_at();
    auto asked = pending.appids;
    for (auto next = work.next + pending.looked_at;
         next < work.candidates.size() && asked.size() < AddressBinder::kJudgedMin; ++next)
        asked.push_back(work.lease->keys[work.candidates[next]]);
    try {
        auto& binder = *context_.addresses;
        const auto max_gone = context_.settings.max_gone;
        auto found = binder.look_up(asked);
        auto counts = found.counts;
        // Neighbours may be gone together: devices of one age, say; and the last few of a chunk
        // tell nothing. So the whole chunk is judged.
        if (counts.is_over(max_gone)) counts = binder.look_up(spread_keys(work.lease->keys)).counts;
        source_patience_.succeeded();
        if (counts.is_suspicious(max_gone)) {
            control_.stop(LaneStop::source_fault, suspicion(binder.where(), counts, max_gone));
            return now;
        }
        skip_gone(found.gone, pending);
        pending.addresses = bind(*work.lease, pending.rows, std::move(found.addresses));
    } catch (const UnavailableError& error) {
        if (!source_patience_.bears(error.what(), now))
            control_.stop(LaneStop::source_lost, error.what());
        return source_patience_.retry_at();
    } catch (const ConfigError& error) {
        control_.stop(LaneStop::source_fault, error.what());
        return now;
    }
    return std::nullopt;
}

/// Has the claim skip those of its recipients that are gone, by their slots, besides those that it
/// skips already.
void Claimer::skip_gone(const std::vector<std::size_t>& gone, Pending& pending) {
    std::vector<ClaimSkip> skips;
    auto other = pending.skips.begin();
    auto next_gone = gone.begin();
    for (std::size_t slot = 0; slot < pending.appids.size(); ++slot) {
        const auto appid = pending.appids[slot];
        const bool is_gone = next_gone != gone.end() && *next_gone == slot;
        const bool is_other = other != pending.skips.end() && other->appid == appid;
        if (is_gone) ++next_gone;
        if (is_gone || is_other) skips.push_back({appid, is_gone ? Reason::gone : other->reason});
        if (is_other) ++other;
    }
    pending.skips = std::move(skips);
}

/// `rows` of the chunk with the addresses that they have now, the first of which are theirs.
std::unique_ptr<const BoundAddresses> Claimer::bind(const ChunkLease& lease,
                                                    std::span<const std::uint32_t> rows,
                                                    Addresses addresses) {
    const auto& places = context_.addresses->places();
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = 0; slot < rows.size(); ++slot)
        if (addresses.has(slot)) slots.push_back(slot);
    auto dead = find_dead_rows(flags_.session(), context_.tokens, slots,
                               [&](std::uint32_t slot, auto& values) {
                                   lease.data->row(rows[slot], values);
                                   BoundAddresses::put(addresses, places, slot, values);
                               });
    return std::make_unique<BoundAddresses>(std::move(addresses), places, std::move(dead));
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
    if (context_.addresses != nullptr)
        if (const auto later = bind_addresses(work, now, pending)) return later;
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
