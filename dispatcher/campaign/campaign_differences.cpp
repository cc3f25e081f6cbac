#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "campaign/campaign.h"

namespace dispatcher {
namespace {

using nlohmann::ordered_json;

/// Everything that is sealed, one line each: path → value as people read it.
using Facts = std::map<std::string, std::string>;

/// A longer text is shown only from shortly before its first difference.
constexpr std::size_t kShownBytesMax = 80;
constexpr std::size_t kShownBefore = 20;

std::string quoted(const std::string& text) {
    std::string json = "\"";
    append_json_escaped(json, text);
    return json + '"';
}

/// A block's leaves, `/aps/badge` as `.aps.badge`.
void add_block(Facts& facts, const std::string& path, const std::string& text) {
    const auto block = ordered_json::parse(text, nullptr, false);
    if (!block.is_object() || block.empty()) {
        facts[path] = text;
        return;
    }
    const auto leaves = block.flatten();
    for (const auto& [pointer, value] : leaves.items()) {
        auto leaf = pointer;
        std::replace(leaf.begin(), leaf.end(), '/', '.');
        facts[path + leaf] = value.dump();
    }
}

void add_message(Facts& facts, const Message& message) {
    facts["message.default"] = message.default_locale;
    for (const auto& [locale, text] : message.locales) {
        const auto path = "message.locales." + locale;
        facts[path + ".title"] = quoted(text.title);
        facts[path + ".body"] = quoted(text.body);
        if (!text.image.empty()) facts[path + ".image"] = quoted(text.image);
        if (!text.link.empty()) facts[path + ".link"] = quoted(text.link);
        for (const auto& [name, value] : text.data)
            facts[path + ".data." + name] = quoted(value);
    }
    for (const auto& [type, block] : message.blocks)
        add_block(facts, "message." + type, block);
    for (const auto& [name, value] : message.data)
        facts["message.data." + name] = quoted(value);
    facts["message.ttl"] = fmt::format("{}s", message.ttl.count());
    facts["message.priority"] = message.priority == Priority::high ? "high" : "normal";
    facts["message.collapse"] = message.collapse == CollapseMode::automatic ? "auto"
                                : message.collapse == CollapseMode::none
                                    ? "none"
                                    : "key " + quoted(message.collapse_key);
}

void add_origin(Facts& facts, const AudienceSeal& audience) {
    if (!audience.origin) return;
    const auto& origin = *audience.origin;
    facts["audience.from"] = to_text(origin.members);
    for (std::size_t i = 0; i < origin.exclude.size(); ++i)
        facts[fmt::format("audience.exclude[{}]", i)] = to_text(origin.exclude[i]);
    if (origin.refresh) facts["audience.refresh"] = to_text(*origin.refresh);
    facts["audience.excluded"] = fmt::format("{}", audience.excluded);
    facts["audience.on_bad_row"] = to_string(origin.on_bad_row);
    facts["audience.on_shared_token"] = to_string(origin.on_shared_token);
}

Facts facts_of(const Campaign& campaign) {
    Facts facts;
    facts["campaign"] = campaign.name.text();
    facts["once_per"] = campaign.once_per;
    add_message(facts, campaign.message);
    std::vector<std::string> names;
    for (const auto& gateway : campaign.gateways) {
        names.push_back(gateway.name);
        facts["gateway." + gateway.name] = fmt::format("{} to {}", gateway.type, gateway.target);
    }
    facts["gateway"] = fmt::format("{}", fmt::join(names, ", "));
    facts["audience.recipients"] = fmt::format("{}", campaign.audience.recipients);
    facts["audience.columns"] = fmt::format("{}", fmt::join(campaign.audience.columns, ", "));
    facts["audience.sha256"] = to_hex(campaign.audience.sha256);
    add_origin(facts, campaign.audience);
    facts["delivery.in_doubt"] = std::string(to_string(campaign.in_doubt));
    return facts;
}

bool is_inside_character(const std::string& text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// The part of `text` that shows how it differs from the other one at byte `difference`.
std::string shown(const std::string& text, std::size_t difference) {
    if (text.size() <= kShownBytesMax) return text;
    auto begin = std::min(difference, text.size());
    begin = begin < kShownBytesMax - kShownBefore ? 0 : begin - kShownBefore;
    auto end = std::min(begin + kShownBytesMax, text.size());
    while (is_inside_character(text, begin))
        ++begin;
    while (is_inside_character(text, end))
        ++end;
    return fmt::format("{}{}{}", begin > 0 ? "…" : "", text.substr(begin, end - begin),
                       end < text.size() ? "…" : "");
}

std::string change_line(const std::string& path, const std::string* was, const std::string* is) {
    if (was == nullptr) return fmt::format("{}: was not there, is {}", path, shown(*is, 0));
    if (is == nullptr) return fmt::format("{}: was {}, is not there", path, shown(*was, 0));
    const auto common = std::mismatch(was->begin(), was->end(), is->begin(), is->end()).first;
    const auto difference = static_cast<std::size_t>(common - was->begin());
    return fmt::format("{}: was {}, is {}", path, shown(*was, difference), shown(*is, difference));
}

}  // namespace

std::vector<std::string> differences(const Campaign& sealed, const Campaign& now,
                                     std::size_t limit) {
    const auto was = facts_of(sealed);
    const auto is = facts_of(now);
    auto paths = was;
    paths.insert(is.begin(), is.end());
    const auto find = [](const Facts& facts, const std::string& path) {
        const auto found = facts.find(path);
        return found == facts.end() ? nullptr : &found->second;
    };
    std::vector<std::string> lines;
    for (const auto& [path, value] : paths) {
        const auto* before = find(was, path);
        const auto* after = find(is, path);
        if (before != nullptr && after != nullptr && *before == *after) continue;
        if (lines.size() < limit) lines.push_back(change_line(path, before, after));
    }
    // The payload's bytes are sealed too, and with them the order of a block's keys.
    if (lines.empty() && limit > 0 && sealed.to_json() != now.to_json())
        lines.emplace_back("message: the keys of a gateway's block stand in another order");
    return lines;
}

}  // namespace dispatcher
