#include "cli/campaign_view.h"

#include <array>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/time_text.h"
#include "cli/number_text.h"
#include "cli/state_words.h"

namespace dispatcher::cli {
namespace {

constexpr std::array kOutcomes = {ReportOutcome::delivered,   ReportOutcome::rejected,
                                  ReportOutcome::in_doubt,    ReportOutcome::skipped,
                                  ReportOutcome::undelivered, ReportOutcome::pending};

}  // namespace

nlohmann::ordered_json counts_view(const ReportCounts& counts) {
    nlohmann::ordered_json view;
    for (const auto outcome : kOutcomes)
        view[std::string(to_string(outcome))] = counts.of(outcome);
    return view;
}

nlohmann::ordered_json reasons_view(const ReportCounts& counts) {
    auto view = nlohmann::ordered_json::array();
    for (const auto& [key, count] : counts.by_reason)
        view.push_back(
            {{"outcome", to_string(key.first)}, {"reason", key.second}, {"count", count}});
    return view;
}

nlohmann::ordered_json recovered_view(const Recovered& recovered) {
    return {{"claimed", recovered.claimed()}, {"never_sent", recovered.never_sent},
            {"refused", recovered.refused},   {"answered", recovered.answered},
            {"in_doubt", recovered.in_doubt}, {"untrusted_journals", recovered.untrusted}};
}

nlohmann::ordered_json record_view(const CampaignRecord& record) {
    auto gateways = nlohmann::ordered_json::array();
    for (const auto& gateway : record.campaign.gateways)
        gateways.push_back(
            {{"name", gateway.name}, {"type", gateway.type}, {"target", gateway.target}});
    nlohmann::ordered_json view = {{"campaign", record.name.text()},
                                   {"state", to_string(record.head.state)},
                                   {"recipients", record.campaign.audience.recipients},
                                   {"excluded", record.campaign.audience.excluded},
                                   {"once_per", record.campaign.once_per},
                                   {"gateways", gateways},
                                   {"sealed_at", to_iso_text(record.sealed_at)},
                                   {"sealed_by", record.sealed_by},
                                   {"sealed_sha256", to_hex(record.sealed_sha)},
                                   {"started_at", nullptr},
                                   {"deadline", nullptr},
                                   {"cause", nullptr}};
    if (record.started_at) view["started_at"] = to_iso_text(*record.started_at);
    if (record.head.deadline) view["deadline"] = to_iso_text(*record.head.deadline);
    if (!record.cause.empty()) view["cause"] = record.cause;
    return view;
}

void print_json(std::ostream& out, const nlohmann::ordered_json& document) {
    out << document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

std::string counts_sentence(const ReportCounts& counts) {
    std::string sentence;
    for (const auto outcome : kOutcomes) {
        if (counts.of(outcome) == 0 && outcome != ReportOutcome::delivered) continue;
        if (!sentence.empty()) sentence += ", ";
        sentence += with_separators(counts.of(outcome)) + " " + std::string(words_of(outcome));
    }
    return sentence;
}

std::string standing_sentence(const ReportCounts& counts) {
    auto sentence = fmt::format(
        "delivered {}, rejected {}, retryable {}, in doubt {}, never tried {}",
        with_separators(counts.of(ReportOutcome::delivered)),
        with_separators(counts.of(ReportOutcome::rejected)), with_separators(counts.retryable),
        with_separators(counts.of(ReportOutcome::in_doubt)), with_separators(counts.never_tried));
    const auto add = [&](const char* what, std::uint64_t count) {
        if (count > 0) sentence += fmt::format(", {} {}", what, with_separators(count));
    };
    add("skipped", counts.of(ReportOutcome::skipped));
    add("undelivered", counts.of(ReportOutcome::undelivered));
    add("claimed", counts.claimed);
    return sentence;
}

std::string recovered_sentence(const Recovered& recovered) {
    if (recovered.claimed() == 0) return {};
    const auto refused = recovered.refused == 0 ? std::string()
                                                : fmt::format("{} refused unprocessed, ",
                                                              with_separators(recovered.refused));
    return fmt::format("{} claimed: {} never left this machine, {}{} were answered, {} {} in doubt",
                       with_separators(recovered.claimed()), with_separators(recovered.never_sent),
                       refused, with_separators(recovered.answered),
                       with_separators(recovered.in_doubt), recovered.in_doubt == 1 ? "is" : "are");
}

}  // namespace dispatcher::cli
