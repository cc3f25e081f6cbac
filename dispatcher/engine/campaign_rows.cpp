#include "engine/campaign_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/invariant.h"
#include "campaign/nearest_name.h"
#include "campaign/routing.h"
#include "store/key_merge.h"
#include "store/store_error.h"

namespace dispatcher {
namespace {

constexpr std::size_t kChunksPage = 500;
/// Keys of one read of flags: what a session takes in one call.
constexpr std::size_t kKeysPage = 1000;

}  // namespace

CampaignRows::CampaignRows(CampaignStore& store, CampaignRecord record,
                           const std::vector<std::string>& outcomes, std::string where)
    : store_(store), record_(std::move(record)), where_(std::move(where)) {
    is_wanted_.fill(outcomes.empty());
    for (const auto& name : outcomes) {
        const auto outcome = parse_report_outcome(name);
        if (!outcome)
            throw ConfigError(where_, fmt::format("'{}' is no outcome of the report{}", name,
                                                  hint_for(name, report_outcome_names())));
        is_wanted_[static_cast<std::size_t>(*outcome)] = true;
    }
    const auto head = store_.session().read_campaign(record_.head.id);
    standing_ = CampaignStanding::of(head ? *head : record_.head);
}

CampaignRows::~CampaignRows() = default;

bool CampaignRows::next(Row& row) {
    while (at_ == wanted_.size())
        if (!next_chunk()) return false;
    const auto number = wanted_[at_++];
    row.line = ++rows_;
    row.problem.clear();
    row.ends_reading = false;
    row.appid = keys_[number];
    row.values.clear();
    data_->row(number, row.values);
    return true;
}

bool CampaignRows::next_chunk() {
    if (chunk_ == chunks_.size()) {
        if (is_last_page_) return false;
        chunks_ = store_.session().list_chunks(record_.head.id, next_, kChunksPage);
        chunk_ = 0;
        is_last_page_ = chunks_.size() < kChunksPage;
        if (chunks_.empty()) return false;
        next_.value = chunks_.back().no.value + 1;
    }
    open_chunk(chunks_[chunk_++]);
    return true;
}

void CampaignRows::open_chunk(const ChunkHead& chunk) {
    const auto payload = store_.session().read_payload(chunk.campaign, chunk.no, true);
    invariant(payload.has_value(), "a chunk has its keys");
    if (!payload->data)
        throw ConfigError(where_,
                          fmt::format("the audience data of {} was dropped (retention): its "
                                      "devices can no longer be addressed",
                                      record_.name.text()));
    if (chunk_sha256(payload->keys, *payload->data) != payload->sha256)
        throw StoreError(StoreError::Kind::durability_lost,
                         fmt::format("chunk {} of {} is not what was sealed", chunk.no.value,
                                     record_.name.text()));
    keys_ = read_chunk_keys(payload->keys);
    data_.emplace(*payload->data);
    choose(chunk);
}

/// Read by key and not by range: between two keys of one gateway there may lie any number of flags
/// of other gateways and other campaigns.
void CampaignRows::choose(const ChunkHead& chunk) {
    wanted_.clear();
    at_ = 0;
    const auto add_if_wanted = [this](std::size_t row, ReportOutcome outcome) {
        if (is_wanted_[static_cast<std::size_t>(outcome)])
            wanted_.push_back(static_cast<std::uint32_t>(row));
    };
    const bool is_excluded = chunk.gateway == kExcludedGateway;
    const bool is_all = std::find(is_wanted_.begin(), is_wanted_.end(), false) == is_wanted_.end();
    if (is_excluded || is_all) {
        for (std::size_t row = 0; row < keys_.size(); ++row)
            add_if_wanted(row, ReportOutcome::skipped);
        return;
    }
    const auto names = [this](CampaignId id) { return name_of(id); };
    FlagRows flags;
    std::vector<std::string_view> page;
    for (std::size_t begin = 0; begin < keys_.size(); begin += kKeysPage) {
        const auto end = std::min(keys_.size(), begin + kKeysPage);
        page.clear();
        for (auto row = begin; row < end; ++row)
            page.push_back(keys_[row]);
        flags.clear();
        store_.session().read_keys(record_.head.scope, page, flags);
        auto row = begin;
        merge_keys(page, flags, [&](std::string_view, const FlagRows::Row* flag) {
            add_if_wanted(row++, reported_outcome(standing_, flag, names).outcome);
        });
    }
}

std::string CampaignRows::name_of(CampaignId campaign) {
    auto& name = names_[campaign];
    if (name.empty()) name = store_.campaign_name(campaign);
    return name;
}

}  // namespace dispatcher
