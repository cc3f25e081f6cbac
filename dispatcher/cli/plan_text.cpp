#include "cli/plan_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/campaign_view.h"
#include "cli/look_alikes_text.h"
#include "cli/number_text.h"
#include "cli/state_words.h"
#include "cli/window_sentence.h"

namespace dispatcher::cli {
namespace {

constexpr std::size_t kProblemsShown = 10;

std::string audience_text(const PreparedCampaign& prepared, const Plan& plan) {
    const auto& counts = plan.audience;
    const auto& from = prepared.file.audience;
    auto text =
        fmt::format("audience    {} {}: {}", count_of(counts.recipients, "device"),
                    from.part.kind == AudiencePart::Kind::file ? "in " + from.file
                                                               : "from " + name_of(from.part),
                    count_of(counts.rows, "row"));
    const auto add = [&](std::uint64_t count, const char* what) {
        if (count > 0) text += fmt::format(", {} {}", with_separators(count), what);
    };
    add(counts.duplicates, "repeated (sent once)");
    add(counts.bad_rows, "bad (left out)");
    add(counts.shared_tokens, "with a device token that another appid has");
    text += "\n";
    for (std::size_t i = 0; i < counts.problems.size() && i < kProblemsShown; ++i)
        text += fmt::format("            {}: {}\n", counts.problems[i].where,
                            counts.problems[i].problem);
    if (counts.problems.size() > kProblemsShown)
        text += fmt::format("            and {} more\n", counts.problems.size() - kProblemsShown);
    for (const auto& part : prepared.audience.origin().exclude)
        text += fmt::format("            {} excluded by {}\n", with_separators(part.excluded),
                            name_of(part));
    return text;
}

std::string sister_text(const SisterPlan& sister) {
    auto text = fmt::format("scope       shared with {} ({})", sister.name, words_of(sister.state));
    std::string counts;
    const auto add = [&](std::uint64_t count, const char* what) {
        if (count > 0)
            counts +=
                fmt::format("{} {} {}", counts.empty() ? "" : ",", with_separators(count), what);
    };
    add(sister.delivered, "delivered");
    add(sister.rejected, "rejected");
    add(sister.claimed, "claimed");
    add(sister.in_doubt, "in doubt");
    add(sister.skipped, "skipped");
    text += fmt::format(":{} by it\n", counts.empty() ? " nobody of this audience" : counts);
    if (sister.state == CampaignState::running || sister.state == CampaignState::sealed ||
        sister.state == CampaignState::reconciling || sister.state == CampaignState::paused)
        text += fmt::format(
            "look        {0} may still send to those that are left: `pushonce cancel {0}` first if "
            "this one is to reach them\n",
            sister.name);
    return text;
}

std::string store_text(const StorePlan& store, bool is_live_audience) {
    if (store.is_missing)
        return fmt::format(
            "in store    {} new: there is no store yet (`pushonce store init` makes "
            "it; an embedded one comes with the first launch)\n",
            with_separators(store.fresh));
    auto text = fmt::format(
        "in store    {} delivered, {} rejected, {} claimed, {} in doubt, {} skipped, {} to be "
        "tried again, {} new\n",
        with_separators(store.delivered), with_separators(store.rejected),
        with_separators(store.claimed), with_separators(store.in_doubt),
        with_separators(store.skipped), with_separators(store.retryable),
        with_separators(store.fresh));
    if (store.suppressed > 0)
        text += fmt::format("            {} more opted out: suppressed, they are not sent to\n",
                            with_separators(store.suppressed));
    if (store.known_dead > 0)
        text +=
            fmt::format("            {}{} known dead: their gateways will not be asked\n",
                        store.is_dead_estimate ? "about " : "", with_separators(store.known_dead));
    if (store.by_others > 0)
        text += fmt::format(
            "            {} of them by other campaigns of the scope: they are not notified again\n",
            with_separators(store.by_others));
    for (const auto& sister : store.sisters)
        text += sister_text(sister);
    if (store.state && is_live_audience)
        text += fmt::format(
            "campaign    is {} already, with the audience that was read when it was sealed: a "
            "launch stands by that one and reads nothing anew\n",
            words_of(*store.state));
    else if (!store.state)
        text += "campaign    is not in the store yet\n";
    else
        text += fmt::format(
            "campaign    is {} already; {}\n", words_of(*store.state),
            is_finished(*store.state) ? "a launch sends nothing more" : "a launch joins it");
    return text;
}

std::string rate_text(const Plan& plan) {
    if (!plan.duration) return "rate        no limit is set: as fast as store and gateways go\n";
    return fmt::format("rate        {} per second: {} for all of them\n",
                       with_separators(static_cast<std::uint64_t>(plan.rate_per_second)),
                       duration_text(*plan.duration));
}

/// What `delivery.first` makes of it; "" where everybody is sent to in one go.
std::string first_text(const PreparedCampaign& prepared) {
    const auto& settings = prepared.file.settings;
    if (settings.first_count == 0) return {};
    const auto count = count_of(settings.first_count, "device");
    if (settings.first_wait.count() == 0)
        return fmt::format(
            "first       {}, then it pauses: look, and `pushonce resume {} --because \"…\"` and "
            "`pushonce restart {}` send the rest\n",
            count, prepared.campaign.name.text(), prepared.campaign.name.text());
    return fmt::format("first       {}, then it waits {} before the rest\n", count,
                       duration_text(settings.first_wait));
}

nlohmann::ordered_json first_view(const Settings& settings) {
    if (settings.first_count == 0) return nullptr;
    return {{"count", settings.first_count},
            {"then", settings.first_wait.count() == 0
                         ? nlohmann::ordered_json("pause")
                         : nlohmann::ordered_json(duration_text(settings.first_wait))}};
}

std::string payload_text(const PreparedCampaign& prepared, std::size_t index,
                         const GatewayPlan& gateway) {
    return fmt::format("largest payload {} of {} bytes ({})",
                       with_separators(gateway.payload_bytes),
                       with_separators(gateway.payload_bytes_max),
                       prepared.gateways[index].type->payload_measure());
}

}  // namespace

std::string gateways_text(const PreparedCampaign& prepared) {
    std::string text;
    for (const auto& gateway : prepared.gateways) {
        if (!text.empty()) text += ", ";
        text += gateway.options->name;
        if (const auto environment = gateway.options->key("environment"); !environment.empty())
            text += " (" + environment + ")";
    }
    return text;
}

std::string plan_text(const PreparedCampaign& prepared, const Plan& plan) {
    auto text = fmt::format("campaign    {}", prepared.campaign.name.text());
    if (prepared.campaign.once_per != prepared.campaign.name.text())
        text += fmt::format(", once per {}", prepared.campaign.once_per);
    text += "\n" + audience_text(prepared, plan);
    for (std::size_t i = 0; i < plan.gateways.size(); ++i) {
        const auto& gateway = plan.gateways[i];
        text += fmt::format("gateway     {}: {} to {}; {}\n", gateway.name,
                            count_of(gateway.recipients, "device"), gateway.target,
                            payload_text(prepared, i, gateway));
    }
    if (plan.looked_up)
        text += fmt::format("addresses   {}: {}{}\n", name_of(*prepared.audience.origin().refresh),
                            to_text(*plan.looked_up),
                            plan.looked_up->gone() > 0 ? "; those would be skipped" : "");
    if (plan.store) text += store_text(*plan.store, is_live(prepared.audience.origin()));
    if (plan.store && plan.store->is_scope_new &&
        prepared.campaign.once_per != prepared.campaign.name.text())
        text += fmt::format(
            "look        no campaign has sent once per '{}' so far: nobody is left out. A "
            "corrected "
            "file names the campaign that it corrects\n",
            prepared.campaign.once_per);
    text += fmt::format("space       {} for flags", size_text(plan.flag_bytes));
    if (plan.payload_bytes > 0)
        text += fmt::format(", {} for the sealed audience", size_text(plan.payload_bytes));
    text += "\n" + rate_text(plan) + first_text(prepared);
    if (const auto window = window_sentence(prepared.file.settings, SystemClock().wall());
        !window.empty())
        text += "window      " + window + "\n";
    for (const auto& warning : plan.warnings)
        text += "look        " + warning + "\n";
    for (const auto& problem : plan.problems)
        text += "PROBLEM     " + problem + "\n";
    return text;
}

nlohmann::ordered_json plan_view(const PreparedCampaign& prepared, const Plan& plan) {
    using nlohmann::ordered_json;
    const auto& counts = plan.audience;
    ordered_json bad_rows = ordered_json::array();
    for (const auto& row : counts.problems)
        bad_rows.push_back({{"line", row.line}, {"where", row.where}, {"problem", row.problem}});
    ordered_json gateways = ordered_json::array();
    for (std::size_t i = 0; i < plan.gateways.size(); ++i) {
        const auto& gateway = plan.gateways[i];
        gateways.push_back({{"name", gateway.name},
                            {"type", gateway.type},
                            {"target", gateway.target},
                            {"recipients", gateway.recipients},
                            {"payload_bytes", gateway.payload_bytes},
                            {"payload_bytes_max", gateway.payload_bytes_max},
                            {"payload_measure", prepared.gateways[i].type->payload_measure()},
                            {"too_large", gateway.too_large}});
    }
    ordered_json view = {{"campaign", prepared.campaign.name.text()},
                         {"once_per", prepared.campaign.once_per},
                         {"audience",
                          {{"rows", counts.rows},
                           {"recipients", counts.recipients},
                           {"excluded", counts.excluded},
                           {"origin", to_json_value(prepared.audience.origin())},
                           {"duplicates", counts.duplicates},
                           {"bad_rows", counts.bad_rows},
                           {"shared_tokens", counts.shared_tokens},
                           {"problems", bad_rows}}},
                         {"gateways", gateways},
                         {"store", nullptr},
                         {"addresses", nullptr},
                         {"flag_bytes", plan.flag_bytes},
                         {"payload_bytes", plan.payload_bytes},
                         {"rate_per_second", nullptr},
                         {"duration_seconds", nullptr},
                         {"first", first_view(prepared.file.settings)},
                         {"similar", look_alikes_view(plan.look_alikes)},
                         {"warnings", plan.warnings},
                         {"problems", plan.problems}};
    if (plan.duration) {
        view["rate_per_second"] = plan.rate_per_second;
        view["duration_seconds"] = plan.duration->count();
    }
    if (const auto& sample = plan.looked_up)
        view["addresses"] = {{"looked_up", sample->asked},
                             {"missing", sample->missing},
                             {"unusable", sample->unusable}};
    ordered_json sisters = ordered_json::array();
    if (plan.store)
        for (const auto& sister : plan.store->sisters)
            sisters.push_back({{"campaign", sister.name},
                               {"state", to_string(sister.state)},
                               {"delivered", sister.delivered},
                               {"rejected", sister.rejected},
                               {"claimed", sister.claimed},
                               {"in_doubt", sister.in_doubt},
                               {"skipped", sister.skipped}});
    if (const auto& store = plan.store)
        view["store"] = {{"state", store->state ? ordered_json(to_string(*store->state))
                                                : ordered_json(nullptr)},
                         {"new", store->fresh},
                         {"retryable", store->retryable},
                         {"claimed", store->claimed},
                         {"delivered", store->delivered},
                         {"rejected", store->rejected},
                         {"in_doubt", store->in_doubt},
                         {"skipped", store->skipped},
                         {"suppressed", store->suppressed},
                         {"known_dead", store->known_dead},
                         {"is_dead_estimate", store->is_dead_estimate},
                         {"by_other_campaigns", store->by_others},
                         {"is_scope_new", store->is_scope_new},
                         {"is_missing", store->is_missing},
                         {"other_campaigns", sisters}};
    return view;
}

}  // namespace dispatcher::cli
