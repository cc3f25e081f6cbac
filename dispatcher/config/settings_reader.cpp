#include "config/settings_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time_text.h"
#include "base/time_zone.h"
#include "config/quantity.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr milliseconds kDay = std::chrono::hours{24};
constexpr milliseconds kDeadlineMax = 366 * kDay;
constexpr milliseconds kWaitMax = 30 * kDay;
constexpr std::string_view kNone = "none";
constexpr std::string_view kPause = "pause";

void read_deadline(MapReader& reader, Settings& settings) {
    const auto* node = reader.find("deadline");
    if (node == nullptr) return;
    if (const auto instant = parse_instant(node->text)) {
        settings.deadline_at = *instant;
    } else if (node->text.find_first_of("T:") != node->text.npos) {
        reader.fail(*node, fmt::format("{}: '{}' is not a time with its zone, such as "
                                       "2027-03-01T21:00:00+01:00 or 2027-03-01T20:00:00Z",
                                       reader.full_name("deadline"), node->written));
    } else {
        milliseconds after{0};
        reader.duration("deadline", 1s, kDeadlineMax, after);
        settings.deadline_after = after;
    }
}

void read_retry(MapReader reader, RetryPolicy& retry) {
    constexpr std::uint64_t kAttemptsMax = 100;
    std::uint64_t attempts = retry.attempts;
    reader.count("attempts", 1, kAttemptsMax, attempts);
    retry.attempts = static_cast<std::uint16_t>(attempts);
    reader.duration("first", 1ms, kDay, retry.first);
    reader.duration("max", 1ms, 7 * kDay, retry.max);
    if (retry.max < retry.first)
        reader.fail(reader.mark(),
                    fmt::format("{} is shorter than first", reader.full_name("max")));
    reader.finish();
}

/// `first: {count: 1000, then: pause}`.
void read_first(MapReader& reader, Settings& settings) {
    const auto* node = reader.find("first");
    if (node == nullptr) return;
    auto first = reader.map("first");
    if (settings.first_count == 0) first.require({"count", "then"});
    std::uint64_t count = settings.first_count;
    first.count("count", 1, UINT32_MAX, count);
    settings.first_count = static_cast<std::uint32_t>(count);
    if (const auto* then = first.find("then")) {
        settings.first_wait = milliseconds{0};
        if (then->text != kPause && !parse_duration(then->text))
            first.fail(*then, fmt::format("{}: '{}' is neither pause nor a time such as 30m, after "
                                          "which it goes on",
                                          first.full_name("then"), then->written));
        else if (then->text != kPause)
            first.duration("then", 1s, kWaitMax, settings.first_wait);
    }
    first.finish();
}

/// "09:00"; 24:00 only where a day may end.
void read_time_of_day(MapReader& reader, std::string_view key, minutes most, minutes& target) {
    const auto* node = reader.find(key);
    if (node == nullptr || !reader.scalar(*node, reader.full_name(key))) return;
    const auto time = parse_time_of_day(node->text);
    if (time && *time <= most)
        target = *time;
    else
        reader.fail(*node,
                    fmt::format("{}: '{}' is not a time of day from 00:00 to {}",
                                reader.full_name(key), node->written, time_of_day_text(most)));
}

void read_zone(MapReader& reader, std::string& zone) {
    const auto* node = reader.find("zone");
    if (node == nullptr || !reader.scalar(*node, reader.full_name("zone"))) return;
    if (node->text != SendWindow::kRecipient && !TimeZone::find(node->text))
        return reader.fail(*node, fmt::format("{}: there is no time zone '{}'; write one such as "
                                              "Europe/Berlin, UTC, or recipient for each row's "
                                              "`timezone`",
                                              reader.full_name("zone"), node->written));
    zone = node->text;
}

/// Takes away what a key says, for orders of the form KEY=none; false for another key.
bool drop(std::string_view key, Settings& settings) {
    if (key == "rate") {
        settings.rate_per_second = 0;
    } else if (key == "deadline") {
        settings.deadline_after.reset();
        settings.deadline_at.reset();
    } else if (key == "first") {
        settings.first_count = 0;
        settings.first_wait = milliseconds{0};
    } else if (key == "send_window") {
        settings.send_window.reset();
    } else {
        return false;
    }
    return true;
}

/// Puts the order's value where a file would have it: `retry.first=2s` is {retry: {first: 2s}}.
void put(YamlNode& map, std::string_view key, std::string_view value, Mark mark) {
    map.kind = YamlNode::Kind::map;
    map.mark = mark;
    const auto dot = key.find('.');
    const auto name = key.substr(0, dot);
    auto found = std::find_if(map.entries.begin(), map.entries.end(),
                              [&](const auto& entry) { return entry.key == name; });
    if (found == map.entries.end())
        found = map.entries.insert(found, {std::string(name), mark, YamlNode{}});
    auto& node = found->value;
    if (dot != key.npos) return put(node, key.substr(dot + 1), value, mark);
    node = {};
    node.kind = YamlNode::Kind::scalar;
    node.text = node.written = std::string(value);
    node.mark = mark;
}

std::string rate_text(const Settings& settings) {
    return settings.rate_per_second > 0 ? fmt::format("{}/s", settings.rate_per_second)
                                        : std::string(kNone);
}

std::string deadline_text(const Settings& settings) {
    if (settings.deadline_at) return to_iso_text(*settings.deadline_at);
    if (settings.deadline_after) return duration_literal(*settings.deadline_after);
    return std::string(kNone);
}

std::string first_text(const Settings& settings) {
    if (settings.first_count == 0) return std::string(kNone);
    if (settings.first_wait.count() == 0) return fmt::to_string(settings.first_count);
    return fmt::format("{} then {}", settings.first_count, duration_literal(settings.first_wait));
}

std::string share_text(double share) {
    return fmt::format("{:g}%", share * 100);
}

std::string send_window_text(const Settings& settings) {
    if (!settings.send_window) return std::string(kNone);
    const bool skips = settings.send_window->outside == SendWindow::Outside::skip;
    return window_text(*settings.send_window) + (skips ? ", skip outside" : ", defer outside");
}

}  // namespace

void read_settings(MapReader& reader, Settings& settings) {
    reader.rate("rate", settings.rate_per_second);
    read_deadline(reader, settings);
    read_retry(reader.map("retry"), settings.retry);
    read_first(reader, settings);
}

void read_max_gone(MapReader& refresh, Settings& settings) {
    refresh.share("max_gone", settings.max_gone);
}

void read_window(MapReader& schedule, Settings& settings) {
    auto window = settings.send_window.value_or(SendWindow{});
    const auto* zone = schedule.find("zone");
    read_zone(schedule, window.zone);
    const auto* node = schedule.find("send_window");
    if (node == nullptr) {
        if (settings.send_window) settings.send_window = window;
        return;
    }
    auto reader = schedule.map("send_window");
    if (!settings.send_window) reader.require({"from", "to"});
    constexpr minutes kDayEnd{24 * 60};
    read_time_of_day(reader, "from", kDayEnd - 1min, window.from);
    read_time_of_day(reader, "to", kDayEnd, window.to);
    reader.choice<SendWindow::Outside>(
        "outside", window.outside,
        {{"defer", SendWindow::Outside::defer}, {"skip", SendWindow::Outside::skip}});
    reader.finish();
    if (window.from == window.to)
        reader.fail(*node,
                    fmt::format("{} begins when it ends", schedule.full_name("send_window")));
    if (zone == nullptr && window.zone.empty())
        reader.fail(*node,
                    fmt::format("{} needs {}: whose clocks count? Write a zone such as "
                                "Europe/Berlin, or recipient for each row's `timezone`",
                                schedule.full_name("send_window"), schedule.full_name("zone")));
    settings.send_window = window;
}

Settings changed_settings(const Settings& settings, const std::vector<std::string>& orders) {
    auto changed = settings;
    const SourceFile source{};  // the keys say what is meant
    Problems problems;
    YamlNode root;
    root.kind = YamlNode::Kind::map;
    int column = 1;
    for (const std::string_view order : orders) {
        const Mark mark{1, column};
        column += static_cast<int>(order.size()) + 1;
        const auto sign = order.find('=');
        const auto key = order.substr(0, sign);
        if (sign == order.npos || key.empty()) {
            problems.add(
                source.path, mark,
                fmt::format("'{}' is not of the form KEY=VALUE, such as rate=1000/s", order));
            continue;
        }
        const auto value = order.substr(sign + 1);
        // The two forms of a deadline do not add up here: the last word counts.
        const bool is_dropped = (value == kNone || key == "deadline") && drop(key, changed);
        if (!is_dropped || value != kNone) put(root, key, value, mark);
    }
    MapReader reader(root, "", source, problems);
    read_settings(reader, changed);
    read_window(reader, changed);
    read_max_gone(reader, changed);
    reader.finish();
    problems.throw_if_any();
    return changed;
}

std::vector<std::string> settings_differences(const Settings& before, const Settings& after) {
    std::vector<std::string> differences;
    const auto compare = [&](const char* key, const std::string& old, const std::string& now) {
        if (old != now) differences.push_back(fmt::format("{} {} → {}", key, old, now));
    };
    compare("rate", rate_text(before), rate_text(after));
    compare("deadline", deadline_text(before), deadline_text(after));
    compare("retry.attempts", fmt::to_string(before.retry.attempts),
            fmt::to_string(after.retry.attempts));
    compare("retry.first", duration_literal(before.retry.first),
            duration_literal(after.retry.first));
    compare("retry.max", duration_literal(before.retry.max), duration_literal(after.retry.max));
    compare("max_gone", share_text(before.max_gone), share_text(after.max_gone));
    compare("first", first_text(before), first_text(after));
    compare("send_window", send_window_text(before), send_window_text(after));
    return differences;
}

}  // namespace dispatcher
