#include "engine/report.h"

#include <algorithm>
#include <vector>

#include "audience/chunk_block.h"
#include "base/invariant.h"
#include "campaign/notification.h"
#include "campaign/routing.h"
#include "campaign/tombstone.h"
#include "store/device_records.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;
/// Keys of one read of flags: what a session takes in one call.
constexpr std::size_t kKeysPage = 1000;
/// Campaigns that are looked at for one that shares the scope; with more of them, walking is taken.
constexpr std::size_t kCampaignsMax = 1000;

/// In the order that flags are read in.
AppidList sorted(const AppidList& appids) {
    auto views = appids.views();
    std::sort(views.begin(), views.end());
    AppidList list;
    for (const auto appid : views)
        list.push(appid);
    return list;
}

}  // namespace

/// Where the report's columns are among the data columns; absent ones lie behind the last.
struct Report::Columns {
    explicit Columns(const std::vector<std::string>& names)
        : platform(index(names, "platform")),
          locale(index(names, "locale")),
          user(index(names, "user")) {}

    static std::size_t index(const std::vector<std::string>& names, std::string_view name) {
        return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) -
                                        names.begin());
    }
    static std::optional<std::string_view> value(const std::vector<std::string_view>& values,
                                                 std::size_t column) {
        if (column >= values.size() || values[column].empty()) return std::nullopt;
        return values[column];
    }

    std::size_t platform;
    std::size_t locale;
    std::size_t user;
};

Report::Report(CampaignStore& store, const CampaignRecord& record)
    : store_(store), record_(record) {}

void Report::for_each(const std::function<void(const ReportLine&)>& visit) {
    const auto now = standing();
    walk_chunks([&](const ChunkHead& chunk) { visit_chunk(chunk, now, std::nullopt, visit); });
}

bool Report::find(std::string_view appid, const std::function<void(const ReportLine&)>& visit) {
    const auto now = standing();
    bool found = false;
    walk_chunks([&](const ChunkHead& chunk) {
        if (found || appid < chunk.key_lo || appid > chunk.key_hi) return;
        visit_chunk(chunk, now, appid, [&](const ReportLine& line) {
            found = true;
            visit(line);
        });
    });
    return found;
}

ReportCounts Report::count() {
    const auto now = standing();
    const auto names = [this](CampaignId id) { return name_of(id); };
    ReportCounts counts;
    if (record_.campaign.audience.excluded > 0)
        counts.add(now, nullptr, excluded_outcome(), record_.campaign.audience.excluded);
    if (!shares_scope()) {
        std::uint64_t flags = 0;
        for (const auto& group : store_.count_flags(record_.head.id, record_.head.scope)) {
            FlagRows::Row row;
            row.campaign = record_.head.id;
            row.state = group.state;
            row.code = group.code;
            counts.add(now, &row, reported_outcome(now, &row, names), group.rows);
            flags += group.rows;
        }
        const auto recipients = record_.campaign.audience.recipients;
        if (recipients > flags)
            counts.add(now, nullptr, reported_outcome(now, nullptr, names), recipients - flags);
        return counts;
    }
    walk_chunks([&](const ChunkHead& chunk) {
        if (chunk.gateway == kExcludedGateway) return;
        const auto payload = store_.session().read_payload(chunk.campaign, chunk.no, false);
        invariant(payload.has_value(), "a chunk has its keys");
        const auto add = [&](std::size_t, const FlagRows::Row* flag) {
            counts.add(now, flag, reported_outcome(now, flag, names));
        };
        walk_flags(read_chunk_keys(payload->keys), add);
        walk_flags(sorted(payload->forgotten), add);
    });
    return counts;
}

CampaignStanding Report::standing() {
    const auto head = store_.session().read_campaign(record_.head.id);
    return CampaignStanding::of(head ? *head : record_.head);
}

void Report::walk_chunks(const std::function<void(const ChunkHead&)>& visit) {
    for (ChunkNo first{0};;) {
        const auto chunks = store_.session().list_chunks(record_.head.id, first, kChunksPage);
        for (const auto& chunk : chunks)
            visit(chunk);
        if (chunks.size() < kChunksPage) return;
        first.value = chunks.back().no.value + 1;
    }
}

/// Merges the keys with their flags. Read by key and not by range: between two keys of one gateway
/// there may lie any number of flags of other gateways and other campaigns.
void Report::walk_flags(const AppidList& keys, const VisitRow& visit) {
    FlagRows flags;
    std::vector<std::string_view> page;
    for (std::size_t begin = 0; begin < keys.size(); begin += kKeysPage) {
        const auto end = std::min(keys.size(), begin + kKeysPage);
        page.clear();
        for (auto row = begin; row < end; ++row)
            page.push_back(keys[row]);
        flags.clear();
        store_.session().read_keys(record_.head.scope, page, flags);
        std::size_t at = 0;
        for (auto row = begin; row < end; ++row) {
            while (at < flags.size() && flags.appids[at] < keys[row])
                ++at;
            const bool found = at < flags.size() && flags.appids[at] == keys[row];
            visit(row, found ? &flags.rows[at] : nullptr);
        }
    }
}

void Report::visit_chunk(const ChunkHead& chunk, const CampaignStanding& standing,
                         std::optional<std::string_view> only,
                         const std::function<void(const ReportLine&)>& visit) {
    const auto payload = store_.session().read_payload(chunk.campaign, chunk.no, true);
    invariant(payload.has_value(), "a chunk has its keys");
    std::optional<ChunkData> data;
    if (payload->data) data.emplace(*payload->data);
    visit_rows(chunk, standing, read_chunk_keys(payload->keys), data, only, visit);
    // Members who were forgotten keep their line: outcome and all, but nothing of who they are.
    if (!only) visit_rows(chunk, standing, sorted(payload->forgotten), std::nullopt, only, visit);
}

void Report::visit_rows(const ChunkHead& chunk, const CampaignStanding& standing,
                        const AppidList& keys, const std::optional<ChunkData>& data,
                        std::optional<std::string_view> only,
                        const std::function<void(const ReportLine&)>& visit) {
    const Columns columns(record_.campaign.audience.columns);
    const auto names = [this](CampaignId id) { return name_of(id); };
    const auto& gateways = record_.campaign.gateways;
    std::vector<std::string_view> values;

    const bool is_excluded = chunk.gateway == kExcludedGateway;
    walk_flags(keys, [&](std::size_t row, const FlagRows::Row* flag) {
        if (only && keys[row] != *only) return;
        if (is_excluded) flag = nullptr;  // in a shared scope another campaign may have one
        const bool is_forgotten = is_tombstone(keys[row]);
        const auto name = is_forgotten ? tombstone_name(keys[row]) : std::string();
        const auto appid = is_forgotten ? std::string_view(name) : keys[row];
        const NotificationKey notification(record_.name.text(), appid);
        ReportLine line;
        line.campaign = record_.name.text();
        line.appid = appid;
        line.is_forgotten = is_forgotten;
        line.reported = is_excluded ? excluded_outcome() : reported_outcome(standing, flag, names);
        if (chunk.gateway.value < gateways.size())
            line.gateway = gateways[chunk.gateway.value].name;
        line.gateway_no = chunk.gateway;
        if (!is_forgotten) line.notification_id = notification.id();
        values.clear();
        if (data) data->row(row, values);
        line.values = values;
        line.platform = Columns::value(values, columns.platform);
        line.locale = Columns::value(values, columns.locale);
        line.user = Columns::value(values, columns.user);
        if (flag != nullptr && flag->campaign == standing.id) {
            line.tries = flag->tries;
            line.claims = flag->claims;
            if (line.reported.outcome != ReportOutcome::pending &&
                line.reported.outcome != ReportOutcome::in_doubt)
                line.settled_at = flag->changed_at;
        }
        visit(line);
    });
}

/// Whether another campaign may hold flags of this one's recipients.
bool Report::shares_scope() {
    const auto campaigns = store_.list(kCampaignsMax);
    return campaigns.size() >= kCampaignsMax ||
           std::any_of(campaigns.begin(), campaigns.end(), [this](const auto& other) {
               return other.head.scope == record_.head.scope && other.head.id != record_.head.id;
           });
}

std::string Report::name_of(CampaignId campaign) {
    if (campaign == kForgottenHolder) return "forgotten";
    auto& name = names_[campaign];
    if (name.empty()) name = store_.campaign_name(campaign);
    return name;
}

}  // namespace dispatcher
