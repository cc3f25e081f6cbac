#include "cli/rate_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/time_text.h"
#include "cli/number_text.h"

namespace dispatcher::cli {
namespace {

using std::chrono::seconds;

// The picture in its own units; it scales with the page.
constexpr double kWidth = 720;
constexpr double kHeight = 236;
constexpr double kLeft = 56;
constexpr double kRight = 8;
constexpr double kTop = 12;
constexpr double kBottom = 30;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kHeight - kTop - kBottom;
/// A short campaign is drawn at the left of so many bins, not as one broad block.
constexpr std::size_t kBinsMin = 24;
/// With more bins than this they touch.
constexpr std::size_t kBinsWithGaps = 90;
/// Bars without gaps overlap by a hair, or the paper shows between them.
constexpr double kOverlap = 0.35;
constexpr int kGridLines = 4;
constexpr int kTimesMax = 7;
constexpr double kTimeLabelWidth = 60;

constexpr std::array<std::int64_t, 22> kSteps = {
    1,    2,    5,    10,    15,    30,    60,    120,    300,    600,    900,
    1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 345600, 864000, 3456000};

/// The smallest of 1, 2, 2.5, 4, 5, 8 × 10^n that is not below.
double round_up(double value) {
    const double power = std::pow(10.0, std::floor(std::log10(std::max(value, 1e-9))));
    for (const double factor : {1.0, 2.0, 2.5, 4.0, 5.0, 8.0})
        if (factor * power >= value) return factor * power;
    return 10 * power;
}

std::string rate_text(double rate) {
    return rate >= 100 || rate == std::floor(rate)
               ? with_separators(static_cast<std::uint64_t>(std::llround(rate)))
               : fmt::format("{:.1f}", rate);
}

std::string clock_text(WallTime time, std::int64_t step) {
    const auto iso = to_iso_text(time);
    if (step >= 86400) return iso.substr(5, 5);
    if (step >= 60) return iso.substr(11, 5);
    return iso.substr(11, 8);
}

struct Scale {
    WallTime begin;
    std::int64_t span = 1;  ///< seconds that the plot is wide
    double top = 1;         ///< events per second at its upper edge

    [[nodiscard]] double x(WallTime at) const {
        const std::chrono::duration<double> since(at - begin);
        return kLeft + kPlotWidth * since.count() / static_cast<double>(span);
    }
    [[nodiscard]] double y(double rate) const {
        return kTop + kPlotHeight * (1 - std::min(1.0, rate / top));
    }
};

void append_grid(std::string& svg, const Scale& scale) {
    for (int line = 0; line <= kGridLines; ++line) {
        const double rate = scale.top * line / kGridLines;
        fmt::format_to(std::back_inserter(svg),
                       "<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
                       "<text class=\"y\" x=\"{}\" y=\"{:.1f}\">{}</text>\n",
                       line == 0 ? "axis" : "grid", kLeft, kWidth - kRight, scale.y(rate),
                       scale.y(rate), kLeft - 8, scale.y(rate) + 3.5, rate_text(rate));
    }
}

void append_times(std::string& svg, const Scale& scale) {
    const auto* const step = std::find_if(kSteps.begin(), kSteps.end() - 1, [&](std::int64_t each) {
        return scale.span / each < kTimesMax;
    });
    const auto begin = std::chrono::ceil<seconds>(scale.begin).time_since_epoch().count();
    const auto first = (begin + *step - 1) / *step * *step;
    for (auto at = first; at <= begin + scale.span; at += *step) {
        const WallTime time{seconds(at)};
        const double x = scale.x(time);
        if (x > kWidth - kRight - kTimeLabelWidth / 2 || x < kLeft) continue;
        fmt::format_to(std::back_inserter(svg),
                       "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
                       "<text class=\"x\" x=\"{0:.1f}\" y=\"{3}\">{4}</text>\n",
                       x, kHeight - kBottom, kHeight - kBottom + 4, kHeight - kBottom + 17,
                       clock_text(time, *step));
    }
}

void append_bars(std::string& svg, const std::vector<ReportTimeline::Bin>& bins, seconds width,
                 const Scale& scale, std::size_t shown) {
    const double each = kPlotWidth / static_cast<double>(shown);
    const double gap = shown > kBinsWithGaps ? 0 : std::min(2.0, each * 0.15);
    for (const auto& bin : bins) {
        if (bin.events == 0) continue;
        const double rate = static_cast<double>(bin.events) / static_cast<double>(width.count());
        const double top = std::min(scale.y(rate), kTop + kPlotHeight - 1);
        fmt::format_to(std::back_inserter(svg),
                       "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\">"
                       "<title>{}: {}/s</title></rect>\n",
                       scale.x(bin.begin) + gap / 2, top, gap > 0 ? each - gap : each + kOverlap,
                       kTop + kPlotHeight - top, to_iso_text(bin.begin).substr(11, 8),
                       rate_text(rate));
    }
}

}  // namespace

double peak_rate(const ReportTimeline& timeline) {
    double peak = 0;
    for (const auto& bin : timeline.bins())
        peak = std::max(
            peak, static_cast<double>(bin.events) / static_cast<double>(timeline.width().count()));
    return peak;
}

std::string rate_chart(const ReportTimeline& timeline) {
    const auto bins = timeline.bins();
    if (bins.empty()) return {};
    const auto shown = std::max(bins.size(), kBinsMin);
    Scale scale;
    scale.begin = bins.front().begin;
    scale.span = static_cast<std::int64_t>(shown) * timeline.width().count();
    scale.top = round_up(peak_rate(timeline));

    std::string svg = fmt::format(
        "<svg class=\"rate\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"rate-title "
        "rate-desc\">\n<title id=\"rate-title\">Notifications accepted per second</title>\n"
        "<desc id=\"rate-desc\">{} notifications were accepted from {} to {}. The highest rate, "
        "over {}, was {} per second.</desc>\n",
        kWidth, kHeight, with_separators(timeline.events()), to_iso_text(*timeline.first()),
        to_iso_text(*timeline.last()),
        count_of(static_cast<std::uint64_t>(timeline.width().count()), "second"),
        rate_text(peak_rate(timeline)));
    append_grid(svg, scale);
    append_times(svg, scale);
    append_bars(svg, bins, timeline.width(), scale, shown);
    return svg + "</svg>\n";
}

}  // namespace dispatcher::cli
