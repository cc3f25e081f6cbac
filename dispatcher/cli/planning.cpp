#include "cli/planning.h"

#include <atomic>
#include <optional>

#include <fmt/format.h>

#include "audience/row_check.h"
#include "cli/look_alikes_text.h"
#include "cli/number_text.h"
#include "cli/progress_line.h"
#include "engine/device_tokens.h"

namespace dispatcher::cli {

namespace {

std::uint64_t doubtful_times(const Addresses& found) {
    const auto column = column_index(found.columns, "registered_at");
    if (column >= found.columns.size()) return 0;
    std::uint64_t doubtful = 0;
    for (std::size_t device = 0; device < found.size(); ++device)
        if (found.has(device) && is_doubtful_registration_time(found.value(device, column)))
            ++doubtful;
    return doubtful;
}

/// Looks up the sample, so that a query that cannot be right is told before anything is sealed.
void try_refresh(const Site& site, const PreparedCampaign& prepared, Plan& plan) {
    const auto& refresh = *prepared.file.audience.refresh;
    const auto book = site.address_book(refresh.part, refresh.place);
    std::vector<std::vector<std::string_view>> appids(prepared.gateways.size());
    const auto members = plan.sample.members();
    for (const auto& member : members)
        appids[member.gateway.value].push_back(member.appid);
    auto& counts = plan.looked_up.emplace();
    std::uint64_t doubtful = 0;
    for (std::size_t gateway = 0; gateway < appids.size(); ++gateway) {
        if (appids[gateway].empty()) continue;
        const auto found = make_binder(prepared, gateway, *book).look_up(appids[gateway]);
        counts.add(found.counts);
        doubtful += doubtful_times(found.addresses);
    }
    if (doubtful > 0)
        plan.warnings.push_back(doubtful_times_sentence(doubtful, counts.asked - counts.missing));
    const auto max_gone = prepared.file.settings.max_gone;
    if (counts.is_suspicious(max_gone))
        plan.problems.push_back(suspicion(book->where(), counts, max_gone));
}

}  // namespace

PreparedCampaign prepare_visibly(Site& site, CampaignFile file, std::ostream& err,
                                 const std::function<void()>& check) {
    std::atomic<std::uint64_t> rows{0};
    const ProgressLine progress(err, Terminal::of_this_process(), [&rows] {
        return fmt::format("reading the audience: {}", count_of(rows, "row"));
    });
    return prepare(site, std::move(file), [&](std::uint64_t read) {
        check();
        rows = read;
    });
}

Plan plan_visibly(Site& site, const PreparedCampaign& prepared, const PlanScope& scope,
                  std::ostream& err, const std::function<void()>& check) {
    std::atomic<std::uint64_t> rendered{0};
    const auto total = prepared.audience.counts().recipients;
    const ProgressLine progress(err, Terminal::of_this_process(), [&rendered, total] {
        return fmt::format("rendering: {} of {}", with_separators(rendered),
                           with_separators(total));
    });
    const Planner planner(prepared.campaign, prepared.file.settings, prepared.gateways,
                          prepared.audience, prepared.file.template_path, prepared.file.tag_places);
    auto plan = planner.plan([&](std::uint64_t done) {
        check();
        rendered = done;
    });
    plan.warnings.insert(plan.warnings.end(), prepared.warnings.begin(), prepared.warnings.end());
    if (scope.store && site.is_store_made()) {
        plan.store = planner.compare(site.campaigns());
        planner.look_for_alikes(plan, site.campaigns());
        if (const auto sentence = look_alikes_sentence(plan.look_alikes); !sentence.empty())
            plan.warnings.push_back(sentence);
    } else if (scope.store) {
        plan.store.emplace();
        plan.store->is_missing = true;
        plan.store->is_scope_new = true;
        plan.store->fresh = plan.audience.recipients;
    }
    // Of a campaign that is sealed its claims look them up, and judge.
    const bool is_sealed = plan.store && plan.store->state;
    if (scope.refresh && prepared.file.audience.refresh && !is_sealed)
        try_refresh(site, prepared, plan);
    planner.judge_deadline(plan, site.clock().wall());
    if (scope.space) plan.payload_bytes = planner.packed_bytes();
    return plan;
}

}  // namespace dispatcher::cli
