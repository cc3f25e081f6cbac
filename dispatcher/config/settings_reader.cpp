#include "config/settings_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time_text.h"
#include "config/quantity.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kDay = std::chrono::hours{24};
constexpr milliseconds kDeadlineMax = 366 * kDay;
constexpr std::string_view kNone = "none";

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
    if (node->kind == YamlNode::Kind::scalar) return reader.not_available({"first"});  // a time
    enum class Then { pause };
    auto first = reader.map("first");
    first.require({"count", "then"});
    std::uint64_t count = settings.first_count;
    first.count("count", 1, UINT32_MAX, count);
    settings.first_count = static_cast<std::uint32_t>(count);
    auto then = Then::pause;
    first.choice<Then>("then", then, {{"pause", Then::pause}});
    first.finish();
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
    return settings.first_count > 0 ? fmt::to_string(settings.first_count) : std::string(kNone);
}

}  // namespace

void read_settings(MapReader& reader, Settings& settings) {
    reader.rate("rate", settings.rate_per_second);
    read_deadline(reader, settings);
    read_retry(reader.map("retry"), settings.retry);
    read_first(reader, settings);
}

Settings changed_settings(const Settings& settings, const std::vector<std::string>& orders) {
    auto changed = settings;
    const auto line = fmt::format("{}", fmt::join(orders, " "));
    const SourceFile source{line, line};
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
            problems.add(line, mark, "an order has the form KEY=VALUE, such as rate=1000/s");
            continue;
        }
        const auto value = order.substr(sign + 1);
        // The two forms of a deadline do not add up here: the last word counts.
        const bool is_dropped = (value == kNone || key == "deadline") && drop(key, changed);
        if (!is_dropped || value != kNone) put(root, key, value, mark);
    }
    MapReader reader(root, "", source, problems);
    read_settings(reader, changed);
    reader.not_available({"send_window"});
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
    compare("first", first_text(before), first_text(after));
    return differences;
}

}  // namespace dispatcher
