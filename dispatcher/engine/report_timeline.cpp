#include "engine/report_timeline.h"

#include <algorithm>

namespace dispatcher {
namespace {

std::int64_t half(std::int64_t index) {
    return index >= 0 ? index / 2 : (index - 1) / 2;
}

}  // namespace

void ReportTimeline::add(WallTime at) {
    first_ = std::min(first_.value_or(at), at);
    last_ = std::max(last_.value_or(at), at);
    ++events_;
    ++counts_[index_of(at)];
    // The span counts and not the bins in use: a pause of a night is drawn, too.
    while (counts_.rbegin()->first - counts_.begin()->first >= static_cast<std::int64_t>(kBinsMax))
        widen();
}

std::vector<ReportTimeline::Bin> ReportTimeline::bins() const {
    std::vector<Bin> bins;
    if (counts_.empty()) return bins;
    for (auto index = counts_.begin()->first; index <= counts_.rbegin()->first; ++index) {
        const auto found = counts_.find(index);
        bins.push_back({WallTime(std::chrono::milliseconds(index * width_.count() * 1000)),
                        found == counts_.end() ? 0 : found->second});
    }
    return bins;
}

std::int64_t ReportTimeline::index_of(WallTime at) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    const auto width = width_.count();
    return seconds >= 0 ? seconds / width : (seconds - width + 1) / width;
}

void ReportTimeline::widen() {
    std::map<std::int64_t, std::uint64_t> wider;
    for (const auto& [index, count] : counts_)
        wider[half(index)] += count;
    counts_ = std::move(wider);
    width_ *= 2;
}

}  // namespace dispatcher
