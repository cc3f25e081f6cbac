#include "engine/dead_token_report.h"

#include <algorithm>

namespace dispatcher {
namespace {

/// Lines that are looked up together: what a session takes in one call.
constexpr std::size_t kPage = 1000;

}  // namespace

DeadTokenReport::DeadTokenReport(CampaignStore& store, const CampaignRecord& record,
                                 const TypeOf& type_of)
    : store_(store), record_(record) {
    // Where addresses were looked up, the token that was sent to is not what is sealed.
    const auto& origin = record.campaign.audience.origin;
    if (origin && origin->refresh) return;
    const auto store_id = store.store_id();
    for (const auto& sealed : record.campaign.gateways)
        tokens_.emplace_back(store_id, record.settings.expected(sealed), type_of(sealed.type),
                             record.campaign.audience.columns);
}

void DeadTokenReport::for_each(const std::function<void(const DeadTokenLine&)>& visit) {
    std::vector<Found> page;
    const auto flush = [&] {
        look_up(page);
        for (const auto& found : page)
            visit(found.line);
        page.clear();
    };
    Report(store_, record_).for_each([&](const ReportLine& line) {
        const auto reason = parse_reason(line.reported.reason);
        if (line.reported.outcome != ReportOutcome::rejected || !reason || !is_dead_token(*reason))
            return;
        Found found;
        found.line.appid = line.appid;
        found.line.gateway = line.gateway;
        found.line.reason = line.reported.reason;
        found.line.settled_at = line.settled_at;
        if (line.gateway_no.value < tokens_.size()) {
            const auto& tokens = tokens_[line.gateway_no.value];
            found.mark = tokens.mark_of(line.values);
            if (!found.mark.empty()) found.line.token = tokens.token_of(line.values);
        }
        page.push_back(std::move(found));
        if (page.size() == kPage) flush();
    });
    flush();
}

/// Fills in the time that the gateway named, as the store remembers it.
void DeadTokenReport::look_up(std::vector<Found>& page) {
    std::vector<std::string_view> marks;
    for (const auto& found : page)
        if (!found.mark.empty()) marks.push_back(found.mark);
    std::ranges::sort(marks);
    marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
    const auto known = store_.session().read_dead_tokens(marks);
    for (auto& found : page) {
        const auto token = std::ranges::lower_bound(known, found.mark, {}, &DeadToken::mark);
        if (token != known.end() && token->mark == found.mark)
            found.line.dead_since = token->dead_since;
    }
}

}  // namespace dispatcher
