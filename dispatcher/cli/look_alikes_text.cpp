#include "cli/look_alikes_text.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "cli/number_text.h"
#include "cli/state_words.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kNamed = 3;

/// Whole percent; never 100 of fewer than all, nor 0 of more than none.
std::string percent_of(std::uint64_t part, std::uint64_t all) {
    if (part == all) return "100 %";
    const auto percent = all == 0 ? 0 : (part * 100 + all / 2) / all;
    return fmt::format("{} %", std::clamp<std::uint64_t>(percent, 1, 99));
}

/// "2 days", "5 h 12 min", "40 s".
std::string age_text(std::chrono::milliseconds age) {
    using namespace std::chrono;
    const auto whole_days = duration_cast<hours>(age).count() / 24;
    if (whole_days >= 2) return fmt::format("{} days", whole_days);
    return duration_text(std::max(age, milliseconds(0)));
}

/// "got", "may have got", "are to get", or what of that applies.
std::string verb_of(const LookAlikes& found) {
    LookAlike all;
    for (const auto& alike : found.campaigns) {
        all.delivered += alike.delivered;
        all.in_doubt += alike.in_doubt;
        all.expected += alike.expected;
    }
    std::string verb = all.delivered > 0 ? "got" : "";
    const auto add = [&](std::uint64_t count, const char* words) {
        if (count > 0) verb += (verb.empty() ? "" : ", or ") + std::string(words);
    };
    add(all.in_doubt, "may have got");
    add(all.expected, "are to get");
    return verb;
}

}  // namespace

std::string look_alikes_sentence(const std::optional<LookAlikes>& found) {
    if (!found || !found->is_found()) return {};
    const auto& first = found->campaigns.front();
    auto text =
        fmt::format("{}{} of these devices {} {}this text", found->is_sample ? "about " : "",
                    percent_of(found->reached, found->sampled), verb_of(*found),
                    first.likeness < 1 ? "nearly " : "");
    const bool is_one = found->campaigns.size() == 1;
    for (std::size_t i = 0; i < found->campaigns.size() && i < kNamed; ++i) {
        const auto& alike = found->campaigns[i];
        text += fmt::format("{}{} ({}{}, {} ago)", i == 0 ? " from " : ", ", alike.campaign,
                            is_one ? "" : percent_of(alike.devices(), found->sampled) + ", ",
                            words_of(alike.state), age_text(found->now - alike.since));
    }
    if (found->campaigns.size() > kNamed)
        text += fmt::format(" and {} more", found->campaigns.size() - kNamed);
    return text + fmt::format(
                      ". Meant `pushonce restart {}`, or `once_per: {}` in the campaign file, so "
                      "that nobody gets it twice?",
                      first.campaign, first.once_per);
}

std::string look_alikes_detail(const LookAlikes& found) {
    auto text = fmt::format("{} of {}{} devices got the text under another name:", found.reached,
                            found.sampled, found.is_sample ? " sampled" : "");
    for (const auto& alike : found.campaigns)
        text += fmt::format(" {} ({}, likeness {:.2f})", alike.campaign, alike.devices(),
                            alike.likeness);
    return text;
}

nlohmann::ordered_json look_alikes_view(const std::optional<LookAlikes>& found) {
    if (!found || !found->is_found()) return nullptr;
    auto campaigns = nlohmann::ordered_json::array();
    for (const auto& alike : found->campaigns)
        campaigns.push_back({{"campaign", alike.campaign},
                             {"once_per", alike.once_per},
                             {"state", to_string(alike.state)},
                             {"since", to_iso_text(alike.since)},
                             {"likeness", alike.likeness},
                             {"delivered", alike.delivered},
                             {"in_doubt", alike.in_doubt},
                             {"expected", alike.expected}});
    return {{"share", found->share()},
            {"devices_sampled", found->sampled},
            {"devices_reached", found->reached},
            {"is_sample", found->is_sample},
            {"campaigns", std::move(campaigns)}};
}

}  // namespace dispatcher::cli
