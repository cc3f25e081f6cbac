#include "engine/plan.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "audience/row_check.h"
#include "engine/device_tokens.h"
#include "engine/known_dead.h"
#include "engine/notification_renderer.h"

namespace dispatcher {
namespace {

/// A flag with its place in the primary key, measured.
constexpr std::uint64_t kFlagBytes = 100;
/// The longest apns-collapse-id; a longer one is refused for the whole campaign, after sealing.
constexpr std::size_t kCollapseIdBytesMax = 64;
constexpr std::uint64_t kProgressEvery = 10'000;
/// Keys of one read of flags: what a session takes in one call.
constexpr std::size_t kKeysPage = 1000;

/// It travels as a header: what a header cannot carry breaks the connection and, with it, whatever
/// else is on the wire there.
bool is_collapse_id(std::string_view id) {
    return id.size() <= kCollapseIdBytesMax && std::all_of(id.begin(), id.end(), [](char c) {
               return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
           });
}

/// Campaigns among which those of the scope are looked for, newest first.
constexpr std::size_t kCampaignsMax = 1000;

/// Adds a flag that is not released to the counts of the whole store or of one sister.
template <class Counts>
void count(Counts& counts, FlagState state) {
    switch (state) {
        case FlagState::claimed:
            ++counts.claimed;
            break;
        case FlagState::delivered:
            ++counts.delivered;
            break;
        case FlagState::rejected:
            ++counts.rejected;
            break;
        case FlagState::in_doubt:
            ++counts.in_doubt;
            break;
        case FlagState::skipped:
            ++counts.skipped;
            break;
        case FlagState::released:
            break;
    }
}

/// Counts an audience, given in the order of appids, by its flags, opt-outs and dead device tokens,
/// a page at a time.
class FlagTally {
  public:
    /// `scope`: absent where no campaign has sent under it. What is counted goes to `plan` and,
    /// where another campaign than `own` holds the flag, to `sisters`.
    FlagTally(CampaignStore& store, KnownDead& dead, std::optional<ScopeId> scope,
              std::optional<CampaignId> own, StorePlan& plan,
              std::map<CampaignId, SisterPlan>& sisters)
        : store_(store),
          dead_(dead),
          scope_(scope),
          own_(own),
          plan_(plan),
          sisters_(sisters),
          has_opt_outs_(!store.opt_outs("", 1).empty()) {}

    /// Whether there is anything in the store that anybody of the audience could have.
    [[nodiscard]] bool has_anything() const { return scope_ || has_opt_outs_ || dead_.has_any(); }

    void add(const Audience::Recipient& recipient) {
        if (auto candidate = dead_.candidate(recipient))
            candidates_.emplace_back(appids_.size(), std::move(*candidate));
        appids_.push(recipient.appid);
        if (appids_.size() == kKeysPage) read_page();
    }

    void finish() {
        read_page();
        plan_.known_dead = dead_.finish(plan_.fresh + plan_.retryable);
        plan_.is_dead_estimate = dead_.is_sample();
    }

  private:
    void read_page() {
        if (appids_.empty()) return;
        const auto page = appids_.views();
        flags_.clear();
        suppressed_.clear();
        if (scope_) store_.session().read_keys(*scope_, page, flags_);
        if (has_opt_outs_) store_.session().read_suppressed(page, suppressed_);
        const auto opted_out = suppressed_.views();
        std::uint64_t without_flag = page.size() - flags_.size();
        std::uint64_t opted_out_without_flag = opted_out.size();
        for (std::size_t row = 0; row < flags_.size(); ++row) {
            const bool is_out = std::ranges::binary_search(opted_out, flags_.appids[row]);
            if (is_out) --opted_out_without_flag;
            count_row(flags_.rows[row], is_out);
        }
        plan_.suppressed += opted_out_without_flag;
        plan_.fresh += without_flag - opted_out_without_flag;
        add_candidates(page, opted_out);
        appids_.clear();
    }

    /// Of those that would be sent to, whose tokens are looked at.
    void add_candidates(const std::vector<std::string_view>& page,
                        const std::vector<std::string_view>& opted_out) {
        const auto flagged =
            candidates_.empty() ? std::vector<std::string_view>() : flags_.appids.views();
        for (auto& [place, candidate] : candidates_) {
            const auto appid = page[place];
            const auto flag = std::ranges::lower_bound(flagged, appid);
            const bool is_held =
                flag != flagged.end() && *flag == appid &&
                flags_.rows[static_cast<std::size_t>(flag - flagged.begin())].state !=
                    FlagState::released;
            if (!is_held && !std::ranges::binary_search(opted_out, appid))
                dead_.add(std::move(candidate));
        }
        candidates_.clear();
    }

    void count_row(const FlagRows::Row& row, bool is_opted_out) {
        if (row.state == FlagState::released) {
            ++(is_opted_out ? plan_.suppressed : plan_.retryable);
            return;
        }
        count(plan_, row.state);
        if (row.campaign == own_) return;
        ++plan_.by_others;
        auto& sister = sisters_[row.campaign];
        if (sister.name.empty()) sister.name = store_.campaign_name(row.campaign);
        count(sister, row.state);
    }

    CampaignStore& store_;
    KnownDead& dead_;
    const std::optional<ScopeId> scope_;
    const std::optional<CampaignId> own_;
    StorePlan& plan_;
    std::map<CampaignId, SisterPlan>& sisters_;
    const bool has_opt_outs_;
    AppidList appids_;
    std::vector<std::pair<std::size_t, KnownDead::Candidate>> candidates_;  ///< by place in it
    AppidList suppressed_;
    FlagRows flags_;
};

}  // namespace

Plan Planner::plan(const std::function<void(std::uint64_t)>& progress) const {
    Plan plan;
    plan.audience = audience_.counts();
    plan.flag_bytes = plan.audience.recipients * kFlagBytes;
    for (std::size_t i = 0; i < gateways_.size(); ++i) {
        const auto& choice = gateways_[i];
        GatewayPlan gateway;
        gateway.name = choice.options->name;
        gateway.type = choice.type->name();
        gateway.target = choice.type->target(*choice.options);
        if (i < plan.audience.by_gateway.size()) gateway.recipients = plan.audience.by_gateway[i];
        plan.gateways.push_back(std::move(gateway));
    }
    render(plan, progress);
    estimate_duration(plan);
    judge(plan);
    return plan;
}

void Planner::render(Plan& plan, const std::function<void(std::uint64_t)>& progress) const {
    std::vector<NotificationRenderer> renderers;
    renderers.reserve(gateways_.size());
    for (const auto& choice : gateways_)
        renderers.emplace_back(campaign_, *choice.type, template_place_, tag_places_);
    for (std::size_t i = 0; i < renderers.size(); ++i)
        plan.gateways[i].payload_bytes_max = renderers[i].payload_bytes_max();
    std::uint64_t rendered = 0;
    const auto locale_column = column_index(audience_.columns(), "locale");
    const auto registered_column = column_index(audience_.columns(), "registered_at");
    audience_.for_each([&](const Audience::Recipient& recipient) {
        plan.sample.add(recipient.appid,
                        locale_column < recipient.values.size() ? recipient.values[locale_column]
                                                                : std::string_view(),
                        recipient.gateway);
        if (registered_column < recipient.values.size() &&
            is_doubtful_registration_time(recipient.values[registered_column]))
            ++plan.doubtful_times;
        auto& gateway = plan.gateways[recipient.gateway.value];
        auto& renderer = renderers[recipient.gateway.value];
        const auto bytes = renderer.measure(recipient.values);
        gateway.too_large += bytes > gateway.payload_bytes_max ? 1 : 0;
        if (!is_collapse_id(renderer.collapse_key(recipient.values))) ++gateway.bad_collapse_ids;
        if (bytes > gateway.payload_bytes) {
            gateway.payload_bytes = bytes;
            gateway.largest_appid = recipient.appid;
        }
        if (++rendered % kProgressEvery == 0 && progress) progress(rendered);
    });
}

void Planner::estimate_duration(Plan& plan) const {
    double seconds = 0;
    const auto add = [&](std::uint64_t recipients, double rate) {
        if (rate <= 0) return;
        const auto needed = static_cast<double>(recipients) / rate;
        if (needed < seconds) return;
        seconds = needed;
        plan.rate_per_second = rate;
    };
    for (std::size_t i = 0; i < gateways_.size(); ++i)
        add(plan.gateways[i].recipients, gateways_[i].options->rate_per_second);
    add(plan.audience.recipients, settings_.rate_per_second);
    if (plan.rate_per_second > 0)
        plan.duration = std::chrono::seconds(static_cast<std::int64_t>(std::ceil(seconds)));
    if (plan.duration && settings_.deadline_after && *plan.duration > *settings_.deadline_after)
        plan.warnings.push_back(fmt::format(
            "at {} per second the last notification would go out after {} s, but delivery.deadline "
            "ends the campaign after {} s",
            plan.rate_per_second, plan.duration->count(),
            std::chrono::duration_cast<std::chrono::seconds>(*settings_.deadline_after).count()));
}

void Planner::judge(Plan& plan) {
    const auto& counts = plan.audience;
    for (const auto& gateway : plan.gateways) {
        if (gateway.bad_collapse_ids > 0)
            plan.problems.push_back(fmt::format(
                "{}: the collapse id of {} of {} notifications is longer than {} bytes, or has a "
                "line break or another control character in it; change message.collapse.key",
                gateway.name, gateway.bad_collapse_ids, gateway.recipients, kCollapseIdBytesMax));
        if (gateway.too_large == 0) continue;
        auto sentence = fmt::format(
            "{}: {} of {} notifications are larger than the {} bytes it takes (largest: {} bytes, "
            "appid {})",
            gateway.name, gateway.too_large, gateway.recipients, gateway.payload_bytes_max,
            gateway.payload_bytes, gateway.largest_appid);
        if (gateway.too_large == gateway.recipients)
            plan.problems.push_back(std::move(sentence));
        else
            plan.warnings.push_back(sentence + "; those devices will be rejected, the others sent");
    }
    if (counts.bad_rows > 0)
        plan.warnings.push_back(
            fmt::format("{} audience rows are bad and left out (on_bad_row: "
                        "skip)",
                        counts.bad_rows));
    if (plan.doubtful_times > 0)
        plan.warnings.push_back(doubtful_times_sentence(plan.doubtful_times, counts.recipients));
    if (counts.shared_tokens > 0)
        plan.warnings.push_back(fmt::format(
            "{} audience rows share a device token with another appid", counts.shared_tokens));
}

void Planner::judge_deadline(Plan& plan, WallTime now) const {
    if (!settings_.deadline_at || *settings_.deadline_at > now) return;
    if (plan.store && plan.store->state) return;
    plan.problems.emplace_back("delivery.deadline has passed: nobody would be sent anything");
}

StorePlan Planner::compare(CampaignStore& store) const {
    StorePlan plan;
    std::optional<CampaignId> own;
    if (const auto record = store.find(campaign_.name.text())) {
        plan.state = record->head.state;
        own = record->head.id;
    }
    const auto scope = store.scope_of(campaign_.once_per);
    plan.is_scope_new = !scope.has_value();
    std::map<CampaignId, SisterPlan> sisters;
    std::vector<CampaignRecord> listed;
    if (scope) listed = store.list(kCampaignsMax);
    for (const auto& record : listed)
        if (record.head.scope == *scope && record.head.id != own)
            sisters[record.head.id] = {record.name.text(), record.head.state, 0, 0, 0, 0, 0};
    KnownDead dead(store, campaign_, gateways_, audience_);
    FlagTally tally(store, dead, scope, own, plan, sisters);
    if (tally.has_anything()) {
        audience_.for_each([&](const Audience::Recipient& recipient) { tally.add(recipient); });
        tally.finish();
    } else {
        plan.fresh = audience_.counts().recipients;
    }
    for (const auto& record : listed)
        if (const auto sister = sisters.extract(record.head.id))
            plan.sisters.push_back(std::move(sister.mapped()));
    for (auto& [id, sister] : sisters)  // older than those that were listed
        plan.sisters.push_back(std::move(sister));
    return plan;
}

void Planner::look_for_alikes(Plan& plan, CampaignStore& store) const {
    if (plan.store && plan.store->state) return;
    plan.look_alikes = find_look_alikes(store, campaign_, plan.sample);
}

std::uint64_t Planner::packed_bytes() const {
    std::uint64_t bytes = 0;
    (void)audience_.cut([&](Audience::Chunk&& chunk) {
        bytes += chunk.blocks.keys.size() + chunk.blocks.data.size();
    });
    return bytes;
}

}  // namespace dispatcher
