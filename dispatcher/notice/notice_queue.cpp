#include "notice/notice_queue.h"

#include <algorithm>
#include <iterator>

#include "base/invariant.h"

namespace dispatcher {

void NoticeQueue::add(const std::string& gateway, std::vector<DeadDevice> devices, BootTime now) {
    const auto room = terms_.waiting_max - waiting_;
    if (devices.size() > room) {
        untold_ += devices.size() - room;
        devices.resize(room);
        if (trouble_.empty()) trouble_ = "it is too slow";
    }
    if (devices.empty()) return;
    waiting_ += devices.size();
    auto& collected = collected_[gateway];
    if (collected.devices.empty()) collected.since = now;
    std::ranges::move(devices, std::back_inserter(collected.devices));
}

const Notice* NoticeQueue::due(BootTime now) {
    if (!next_) {
        const auto eldest = std::ranges::min_element(
            collected_, {}, [this](const auto& entry) { return ready_at(entry.second); });
        if (eldest == collected_.end() || ready_at(eldest->second) > now) return nullptr;
        take(eldest->first, eldest->second);
        if (eldest->second.devices.empty()) collected_.erase(eldest);
        next_at_ = now;
    }
    return next_at_ <= now ? &*next_ : nullptr;
}

BootTime NoticeQueue::due_at() const {
    if (next_) return next_at_;
    auto at = BootTime::max();
    for (const auto& [gateway, collected] : collected_)
        at = std::min(at, ready_at(collected));
    return at;
}

BootTime NoticeQueue::ready_at(const Collected& collected) const {
    const bool is_full = collected.devices.size() >= terms_.devices_max;
    return is_full || is_finishing_ ? collected.since : collected.since + terms_.collect;
}

void NoticeQueue::take(const std::string& gateway, Collected& collected) {
    auto& devices = collected.devices;
    const auto count = std::min(devices.size(), terms_.devices_max);
    next_ = make_notice(campaign_, gateway, std::span(devices).first(count));
    attempts_ = 0;
    devices.erase(devices.begin(), devices.begin() + static_cast<std::ptrdiff_t>(count));
}

void NoticeQueue::answered(const NoticeAnswer& answer, BootTime now) {
    invariant(next_.has_value(), "what is answered was posted");
    using enum NoticeAnswer::Kind;
    ++attempts_;
    if (answer.kind != told) trouble_ = answer.trouble;
    if (answer.kind == unavailable && attempts_ < terms_.attempts) {
        next_at_ = now + terms_.first_delay * (1U << (attempts_ - 1));
        return;
    }
    (answer.kind == told ? told_ : untold_) += next_->devices;
    waiting_ -= next_->devices;
    next_.reset();
}

void NoticeQueue::give_up() {
    if (waiting_ > 0 && trouble_.empty()) trouble_ = "it did not answer in time";
    untold_ += waiting_;
    waiting_ = 0;
    next_.reset();
    collected_.clear();
}

}  // namespace dispatcher
