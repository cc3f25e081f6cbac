#include "cli/rehearsal_text.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/campaign_view.h"
#include "cli/number_text.h"

namespace dispatcher::cli {
namespace {

using nlohmann::ordered_json;

std::string per_second_text(double rate) {
    return with_separators(static_cast<std::uint64_t>(std::llround(rate))) + "/s";
}

std::string head_text(const RehearsalResult& result) {
    auto text = fmt::format("rehearsal   {}: {} over {}\n", result.campaign,
                            count_of(result.devices, "device"), result.over);
    for (const auto& gateway : result.gateways)
        text += fmt::format(
            "gateway     {}: {}; largest payload {} of {} bytes{}\n", gateway.name,
            count_of(gateway.recipients, "device"), with_separators(gateway.payload_bytes),
            with_separators(gateway.payload_bytes_max),
            gateway.too_large == 0
                ? std::string()
                : fmt::format(", {} too large", with_separators(gateway.too_large)));
    return text;
}

std::string rate_text(const RehearsalResult& result) {
    std::string text = "rate        ";
    if (result.per_second && result.sending.count() > 0)
        text += fmt::format("{}, over {} of sending, the time of kills and restarts left out\n",
                            per_second_text(*result.per_second), duration_text(result.sending));
    else if (result.per_second)
        text += fmt::format("{}, by the last dispatcher\n", per_second_text(*result.per_second));
    else
        text += "too few devices, or too short, to tell\n";
    text += "eta         ";
    if (!result.eta) return text + "unknown\n";
    const bool is_limited = result.limit_per_second > 0 &&
                            (!result.per_second || result.limit_per_second < *result.per_second);
    text += duration_text(*result.eta);
    if (is_limited)
        text += fmt::format(" for the launch, at its limit of {}",
                            per_second_text(result.limit_per_second));
    else
        text += " for the launch, at that rate";
    return text + "\n";
}

std::string kills_text(const RehearsalResult& result) {
    auto text = fmt::format("kills       {} of {}, seed {}", result.kills(), result.kills_wanted,
                            result.seed);
    if (result.kills() < result.kills_wanted) text += "; the campaign was over before the others";
    text += "\n";
    const auto& all = result.incarnations;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        const auto& found = all[i + 1].found;
        text += fmt::format(
            "  {:>3} %     {}: {}\n", static_cast<int>(std::floor(100 * all[i].kill->progress)),
            explain_step(all[i].kill->step), found.empty() ? "nothing was left to recover" : found);
    }
    return text;
}

std::string verdict_text(const RehearsalResult& result) {
    std::string text;
    for (const auto& judged : result.verdict.invariants) {
        text += fmt::format("{:<11} {} {}\n", judged.id,
                            judged.holds() ? "holds:" : "VIOLATED:", judged.claim);
        for (const auto& example : judged.examples)
            text += "              " + example + "\n";
        if (judged.violations > judged.examples.size())
            text += fmt::format("              and {} more\n",
                                with_separators(judged.violations - judged.examples.size()));
    }
    return text;
}

std::string end_text(const RehearsalResult& result) {
    if (!result.verdict.holds())
        return "verdict     VIOLATED: do not launch; this is a bug of ours, please keep the "
               "folder\n";
    if (result.state != CampaignState::done && result.state != CampaignState::done_with_doubt)
        return fmt::format(
            "verdict     the invariants hold; the campaign did not run to its end: "
            "{}{}\n",
            to_string(result.state), result.cause.empty() ? "" : ": " + result.cause);
    return "verdict     every invariant holds\n";
}

ordered_json kill_view(const Incarnation& killed, const std::string& found) {
    return {{"progress", killed.kill->progress},
            {"crash_at", killed.crash_at},
            {"at", explain_step(killed.kill->step)},
            {"found", found.empty() ? ordered_json(nullptr) : ordered_json(found)}};
}

ordered_json gateways_view(const RehearsalResult& result) {
    auto gateways = ordered_json::array();
    for (const auto& gateway : result.gateways)
        gateways.push_back({{"name", gateway.name},
                            {"type", gateway.type},
                            {"recipients", gateway.recipients},
                            {"payload_bytes", gateway.payload_bytes},
                            {"payload_bytes_max", gateway.payload_bytes_max},
                            {"largest_appid", gateway.largest_appid},
                            {"too_large", gateway.too_large}});
    return gateways;
}

}  // namespace

std::string rehearsal_text(const RehearsalResult& result) {
    auto text = head_text(result) + rate_text(result) + kills_text(result);
    text += fmt::format("report      {}\n", counts_sentence(result.counts));
    text +=
        fmt::format("doubt       {} by the kills (at most {} on the wire at each), {} by answers\n",
                    with_separators(result.verdict.doubt_by_kills), with_separators(result.wire),
                    with_separators(result.verdict.doubt_by_answers));
    text += fmt::format("ledger      {} accepted\n", with_separators(result.verdict.accepted));
    text += fmt::format("memory      {} at most in a dispatcher\n", size_text(result.peak_bytes));
    for (const auto& note : result.notes)
        text += "note        " + note + "\n";
    text += verdict_text(result) + end_text(result);
    if (!result.kept.empty()) text += "kept        " + result.kept + "\n";
    return text;
}

nlohmann::ordered_json rehearsal_view(const RehearsalResult& result) {
    auto kills = ordered_json::array();
    const auto& all = result.incarnations;
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
        kills.push_back(kill_view(all[i], all[i + 1].found));
    auto invariants = ordered_json::array();
    for (const auto& judged : result.verdict.invariants)
        invariants.push_back({{"id", judged.id},
                              {"claim", judged.claim},
                              {"holds", judged.holds()},
                              {"violations", judged.violations},
                              {"examples", judged.examples}});
    ordered_json view = {{"campaign", result.campaign},
                         {"devices", result.devices},
                         {"excluded", result.excluded},
                         {"gateways", gateways_view(result)},
                         {"rate_per_second", nullptr},
                         {"sending_ms", result.sending.count()},
                         {"rate_limit_per_second", nullptr},
                         {"eta_ms", nullptr},
                         {"seed", result.seed},
                         {"kills_wanted", result.kills_wanted},
                         {"kills", kills},
                         {"state", to_string(result.state)},
                         {"cause", result.cause},
                         {"counts", counts_view(result.counts)},
                         {"reasons", reasons_view(result.counts)},
                         {"in_doubt",
                          {{"by_kills", result.verdict.doubt_by_kills},
                           {"by_answers", result.verdict.doubt_by_answers},
                           {"wire_max", result.wire}}},
                         {"accepted", result.verdict.accepted},
                         {"peak_memory_bytes", result.peak_bytes},
                         {"isolated_network", result.is_isolated},
                         {"invariants", invariants},
                         {"holds", result.verdict.holds()},
                         {"notes", result.notes},
                         {"kept", nullptr},
                         {"exit_code", result.exit_code}};
    if (result.per_second) view["rate_per_second"] = *result.per_second;
    if (result.limit_per_second > 0) view["rate_limit_per_second"] = result.limit_per_second;
    if (result.eta) view["eta_ms"] = result.eta->count();
    if (!result.kept.empty()) view["kept"] = result.kept;
    return view;
}

}  // namespace dispatcher::cli
