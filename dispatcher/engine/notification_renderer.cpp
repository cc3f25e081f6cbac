#include "engine/notification_renderer.h"

#include <algorithm>

#include <fmt/format.h>

#include "audience/row_check.h"

namespace dispatcher {
namespace {

/// More locales than this in one audience are looked up anew each time.
constexpr std::size_t kLocalesCachedMax = 1000;

std::string_view value_at(const std::vector<std::string_view>& values, std::size_t column) {
    return column < values.size() ? values[column] : std::string_view();
}

}  // namespace

NotificationRenderer::NotificationRenderer(const Campaign& campaign, const GatewayType& type,
                                           const std::string& place, const TagPlaces& tags)
    : campaign_(campaign),
      payload_bytes_max_(type.payload_bytes_max()),
      token_columns_(type.token_columns(), campaign.audience.columns),
      locale_column_(column_index(campaign.audience.columns, "locale")) {
    const auto& message = campaign.message;
    std::size_t bytes_max = 0;
    auto columns = campaign.audience.columns;
    for (const auto& [locale, text] : message.locales) {
        const auto document = type.payload_document(message, locale);
        const auto place_of = [&](const std::string& variable) {
            auto found = tags.find({locale, variable});
            if (found == tags.end()) found = tags.find({"", variable});
            return found == tags.end() ? std::string() : found->second;
        };
        locales_[locale] = {PayloadTemplate::compile_json(
                                document.json, fmt::format("{}, locale {}", place, locale),
                                message.data, columns, place_of),
                            document.push_type, document.priority};
        const auto own_max = document.bytes_max != 0 ? document.bytes_max : payload_bytes_max_;
        bytes_max = bytes_max == 0 ? own_max : std::min(bytes_max, own_max);
    }
    payload_bytes_max_ = bytes_max;
    if (message.collapse == CollapseMode::key)
        collapse_key_ = PayloadTemplate::compile_text(message.collapse_key, "message.collapse.key",
                                                      message.data, columns);
}

const NotificationRenderer::LocalePayload& NotificationRenderer::payload_for(
    std::string_view locale) {
    if (const auto known = wanted_.find(locale); known != wanted_.end()) return *known->second;
    const auto& found = locales_.at(best_locale(campaign_.message, locale));
    if (wanted_.size() < kLocalesCachedMax) wanted_.emplace(locale, &found);
    return found;
}

const NotificationRenderer::LocalePayload& NotificationRenderer::render_payload(
    const std::vector<std::string_view>& values) {
    const auto& locale = payload_for(value_at(values, locale_column_));
    locale.payload.render(values, payload_);
    return locale;
}

std::size_t NotificationRenderer::measure(const std::vector<std::string_view>& values) {
    render_payload(values);
    return payload_.size();
}

std::string_view NotificationRenderer::collapse_key(const std::vector<std::string_view>& values) {
    if (!collapse_key_) return {};
    collapse_key_->render(values, collapse_);
    return collapse_;
}

std::optional<Notification> NotificationRenderer::render(
    std::string_view appid, const std::vector<std::string_view>& values, WallTime now,
    std::optional<WallTime> deadline) {
    const auto& locale = render_payload(values);
    if (payload_.size() > payload_bytes_max_) return std::nullopt;

    Notification notification;
    key_.emplace(campaign_.name.text(), appid);
    notification.campaign = campaign_.name.text();
    notification.appid = appid;
    notification.token = token_columns_.token_of(values);
    notification.payload = payload_;
    notification.id = key_->id();
    notification.push_type = locale.push_type;
    notification.own_priority = locale.priority;
    notification.priority = campaign_.message.priority;
    notification.expires_at = now + campaign_.message.ttl;
    if (deadline) notification.expires_at = std::min(notification.expires_at, *deadline);
    switch (campaign_.message.collapse) {
        case CollapseMode::automatic:
            notification.collapse_id = key_->collapse_id();
            break;
        case CollapseMode::key:
            notification.collapse_id = collapse_key(values);
            break;
        case CollapseMode::none:
            break;
    }
    return notification;
}

}  // namespace dispatcher
