#include "engine/device_history.h"

#include <algorithm>
#include <array>

#include "audience/chunk_block.h"
#include "campaign/routing.h"
#include "engine/notification_renderer.h"

namespace dispatcher {
namespace {

std::string value_of(const std::vector<std::string>& columns,
                     const std::vector<std::string_view>& values, std::string_view name) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    const auto at = static_cast<std::size_t>(found - columns.begin());
    return at < values.size() ? std::string(values[at]) : std::string();
}

std::string render_text(const Campaign& campaign, const std::string& text,
                        const std::vector<std::string_view>& values) {
    std::string rendered;
    PayloadTemplate::compile_text(text, "template", campaign.message.data,
                                  campaign.audience.columns)
        .render(values, rendered);
    return rendered;
}

DeviceChapter::Text render(const Campaign& campaign, const GatewayChoice& gateway,
                           std::string_view appid, const std::vector<std::string_view>& values,
                           WallTime now) {
    DeviceChapter::Text text;
    text.locale =
        best_locale(campaign.message, value_of(campaign.audience.columns, values, "locale"));
    const auto& wording = campaign.message.locales.at(text.locale);
    text.title = render_text(campaign, wording.title, values);
    text.body = render_text(campaign, wording.body, values);
    NotificationRenderer renderer(campaign, *gateway.type);
    const auto notification = renderer.render(appid, values, now, {});
    if (!notification) return text;
    text.payload = std::string(notification->payload);
    // What is sealed is not where it was sent to, and may be no address at all.
    text.is_looked_up = campaign.audience.origin && campaign.audience.origin->refresh;
    if (gateway.options != nullptr && !text.is_looked_up)
        text.request = gateway.type->preview(*gateway.options, *notification);
    return text;
}

/// The row of the appid among the keys; nothing if the chunk does not hold it.
std::optional<std::size_t> row_of(const AppidList& keys, std::string_view appid) {
    for (std::size_t row = 0; row < keys.size(); ++row)
        if (keys[row] == appid) return row;
    return std::nullopt;
}

GatewayNo gateway_of(CampaignStore& store, const DevicePlace& place) {
    const auto heads = store.session().list_chunks(place.campaign, place.chunk, 1);
    return heads.empty() ? GatewayNo{} : heads.front().gateway;
}

/// The flag's part of a chapter: who holds it, and by what process.
void add_flag(CampaignStore& store, DeviceRecords& records, std::string_view appid,
              DeviceChapter& chapter) {
    FlagRows rows;
    store.session().read_keys(chapter.record.head.scope, std::array{appid}, rows);
    if (rows.size() == 0) return;
    chapter.flag = rows.rows.front();
    const auto holder = chapter.flag->campaign;
    chapter.holder = holder == kForgottenHolder ? "forgotten" : store.campaign_name(holder);
    if (chapter.flag->claim.value != 0)
        chapter.process = records.process_of(incarnation_of(chapter.flag->claim));
}

}  // namespace

std::vector<DeviceChapter> device_history(CampaignStore& store, DeviceRecords& records,
                                          std::string_view appid, const FindGateway& find_gateway,
                                          WallTime now) {
    std::vector<DeviceChapter> chapters;
    for (const auto& place : records.places_of(appid)) {
        if (place.name.empty() || place.state == CampaignState::purged) continue;
        const auto payload = store.session().read_payload(place.campaign, place.chunk, true);
        if (!payload) continue;
        const auto row = row_of(read_chunk_keys(payload->keys), appid);
        auto record = store.find(place.name);
        if (!row || !record) continue;

        DeviceChapter chapter;
        chapter.record = std::move(*record);
        add_flag(store, records, appid, chapter);
        chapter.reported = reported_outcome(CampaignStanding::of(chapter.record.head),
                                            chapter.flag ? &*chapter.flag : nullptr,
                                            [&](CampaignId) { return chapter.holder; });
        const auto& campaign = chapter.record.campaign;
        const auto gateway = gateway_of(store, place);
        if (gateway == kExcludedGateway) chapter.reported = excluded_outcome();
        if (gateway.value < campaign.gateways.size()) {
            const auto& sealed = campaign.gateways[gateway.value];
            chapter.gateway = sealed.name;
            if (payload->data) {
                const ChunkData data(*payload->data);
                std::vector<std::string_view> values;
                data.row(*row, values);
                chapter.text = render(campaign, find_gateway(sealed), appid, values, now);
            }
        }
        chapters.push_back(std::move(chapter));
    }
    return chapters;
}

}  // namespace dispatcher
