#include "campaign/campaign.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "campaign/json_fields.h"

namespace dispatcher {
namespace {

using nlohmann::json;

/// Version of the sealed form. A new field that old campaigns lack is written only where it is set,
/// so that their hashes stay; anything else needs a new number.
constexpr int kFormat = 1;

constexpr std::array<std::string_view, 3> kInDoubtNames = {"hold", "assume_delivered", "resend"};
constexpr std::array<std::string_view, 3> kCollapseNames = {"auto", "none", "key"};
constexpr std::array<std::string_view, 2> kPriorityNames = {"normal", "high"};
constexpr std::array<std::string_view, 2> kOutsideNames = {"defer", "skip"};

template <class Enum, std::size_t N>
std::string_view name_of(Enum value, const std::array<std::string_view, N>& names) {
    return names.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t N>
Enum named(const std::string& name, const std::array<std::string_view, N>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw std::invalid_argument("sealed campaign: what is " + name + "?");
    return static_cast<Enum>(found - names.begin());
}

Sha256Digest digest_from_hex(const std::string& hex) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    Sha256Digest digest;
    if (hex.size() != digest.size() * 2 || hex.find_first_not_of(kDigits) != hex.npos)
        throw std::invalid_argument("sealed campaign: a hash is damaged");
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] =
            static_cast<std::uint8_t>(kDigits.find(hex[2 * i]) << 4 | kDigits.find(hex[2 * i + 1]));
    return digest;
}

json to_json_value(const LocaleText& text) {
    return {{"title", text.title},
            {"body", text.body},
            {"image", text.image},
            {"link", text.link},
            {"data", text.data}};
}

LocaleText locale_text_from(const json& value, const std::string& locale) {
    JsonFields fields(value, "locale " + locale);
    LocaleText text;
    text.title = fields.text("title");
    text.body = fields.text("body");
    text.image = fields.text("image");
    text.link = fields.text("link");
    text.data = fields.texts("data");
    fields.finish();
    return text;
}

json to_json_value(const Message& message) {
    json locales = json::object();
    for (const auto& [locale, text] : message.locales)
        locales[locale] = to_json_value(text);
    return {{"default_locale", message.default_locale},
            {"locales", std::move(locales)},
            {"blocks", message.blocks},
            {"data", message.data},
            {"ttl_s", message.ttl.count()},
            {"priority", name_of(message.priority, kPriorityNames)},
            {"collapse", name_of(message.collapse, kCollapseNames)},
            {"collapse_key", message.collapse_key}};
}

Message message_from(const json& value) {
    JsonFields fields(value, "sealed message");
    Message message;
    message.default_locale = fields.text("default_locale");
    for (const auto& [locale, text] : fields.object("locales").items())
        message.locales.emplace(locale, locale_text_from(text, locale));
    message.blocks = fields.texts("blocks");
    message.data = fields.texts("data");
    message.ttl = std::chrono::seconds{fields.whole("ttl_s", 0, INT32_MAX)};
    message.priority = named<Priority>(fields.text("priority"), kPriorityNames);
    message.collapse = named<CollapseMode>(fields.text("collapse"), kCollapseNames);
    message.collapse_key = fields.text("collapse_key");
    fields.finish();
    return message;
}

SealedGateway gateway_from(const json& value) {
    JsonFields fields(value, "sealed gateway");
    SealedGateway gateway{fields.text("name"), fields.text("type"), fields.text("target")};
    fields.finish();
    return gateway;
}

AudienceSeal audience_from(const json& value) {
    JsonFields fields(value, "sealed audience");
    AudienceSeal seal;
    seal.recipients = static_cast<std::uint64_t>(fields.whole("recipients", 0, INT64_MAX));
    seal.sha256 = digest_from_hex(fields.text("sha256"));
    seal.columns = fields.text_list("columns");
    if (fields.has("origin")) {
        seal.excluded = static_cast<std::uint64_t>(fields.whole("excluded", 0, INT64_MAX));
        seal.origin = audience_origin_from(fields.object("origin"));
    }
    fields.finish();
    return seal;
}

json to_json_value(const AudienceSeal& seal) {
    json value = {{"recipients", seal.recipients},
                  {"sha256", to_hex(seal.sha256)},
                  {"columns", seal.columns}};
    if (seal.origin) {
        value["excluded"] = seal.excluded;
        value["origin"] = to_json_value(*seal.origin);
    }
    return value;
}

/// `wanted` matches `locale` up to letter case and - or _.
bool is_same_locale(std::string_view wanted, std::string_view locale) {
    const auto folded = [](char c) {
        if (c == '_') return '-';
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(wanted.begin(), wanted.end(), locale.begin(), locale.end(),
                      [&](char a, char b) { return folded(a) == folded(b); });
}

SendWindow window_from(const json& value) {
    constexpr std::int64_t kMinutesMax = 24 * 60;
    JsonFields fields(value, "settings of send_window");
    SendWindow window;
    window.from = std::chrono::minutes{fields.whole("from_minutes", 0, kMinutesMax)};
    window.to = std::chrono::minutes{fields.whole("to_minutes", 0, kMinutesMax)};
    window.outside = named<SendWindow::Outside>(fields.text("outside"), kOutsideNames);
    window.zone = fields.text("zone");
    fields.finish();
    return window;
}

}  // namespace

std::string best_locale(const Message& message, std::string_view wanted) {
    while (!wanted.empty()) {
        for (const auto& [locale, text] : message.locales)
            if (is_same_locale(wanted, locale)) return locale;
        const auto last = wanted.find_last_of("-_");
        wanted = last == wanted.npos ? std::string_view{} : wanted.substr(0, last);
    }
    return message.default_locale;
}

std::string Campaign::to_json() const {
    json sealed_gateways = json::array();
    for (const auto& gateway : gateways)
        sealed_gateways.push_back(
            {{"name", gateway.name}, {"type", gateway.type}, {"target", gateway.target}});
    // nlohmann's objects are sorted maps, and dump() writes no blanks: that is the canonical form.
    const json document = {{"format", kFormat},
                           {"name", name.text()},
                           {"once_per", once_per},
                           {"message", to_json_value(message)},
                           {"gateways", std::move(sealed_gateways)},
                           {"audience", to_json_value(audience)},
                           {"in_doubt", to_string(in_doubt)}};
    return document.dump();
}

Campaign Campaign::from_json(std::string_view text) {
    const auto document = JsonFields::parse(text, "sealed campaign");
    JsonFields fields(document, "sealed campaign");
    fields.whole("format", kFormat, kFormat);
    Campaign campaign;
    campaign.name = CampaignName::from_store(fields.text("name"));
    campaign.once_per = fields.text("once_per");
    campaign.message = message_from(fields.object("message"));
    for (const auto& gateway : fields.list("gateways"))
        campaign.gateways.push_back(gateway_from(gateway));
    campaign.audience = audience_from(fields.object("audience"));
    campaign.in_doubt = named<InDoubtPolicy>(fields.text("in_doubt"), kInDoubtNames);
    fields.finish();
    return campaign;
}

void keep_sealed_audience(const Campaign& sealed, Campaign& now) {
    const auto& before = sealed.audience.origin;
    auto& after = now.audience.origin;
    if (!after) return;
    const bool was_live = before && is_live(*before);
    if (!is_live(*after)) {
        const bool has_same_refresh = before ? is_same_refresh(*before, *after) : !after->refresh;
        if (!was_live && has_same_refresh) after = before;
        return;
    }
    auto definition = std::move(*after);
    now.audience = sealed.audience;
    if (!before || !is_same_definition(*before, definition)) after = std::move(definition);
}

SealedGateway Settings::expected(SealedGateway sealed) const {
    if (const auto accepted = accepted_targets.find(sealed.name);
        accepted != accepted_targets.end())
        sealed.target = accepted->second;
    return sealed;
}

std::string Settings::to_json() const {
    json document = {{"format", kFormat},
                     {"rate_per_second", rate_per_second},
                     {"retry",
                      {{"attempts", retry.attempts},
                       {"first_ms", retry.first.count()},
                       {"max_ms", retry.max.count()}}}};
    if (deadline_after) document["deadline_after_ms"] = deadline_after->count();
    if (deadline_at) document["deadline_at_ms"] = deadline_at->time_since_epoch().count();
    if (first_count > 0) document["first_count"] = first_count;
    if (first_wait.count() > 0) document["first_wait_ms"] = first_wait.count();
    if (send_window)
        document["send_window"] = {{"from_minutes", send_window->from.count()},
                                   {"to_minutes", send_window->to.count()},
                                   {"outside", name_of(send_window->outside, kOutsideNames)},
                                   {"zone", send_window->zone}};
    if (max_gone != kMaxGone) document["max_gone"] = max_gone;
    if (!accepted_targets.empty()) document["accepted_targets"] = accepted_targets;
    return document.dump();
}

Settings Settings::from_json(std::string_view text) {
    using std::chrono::milliseconds;
    const auto document = JsonFields::parse(text, "settings");
    JsonFields fields(document, "settings");
    fields.whole("format", kFormat, kFormat);
    Settings settings;
    settings.rate_per_second = fields.number("rate_per_second");
    JsonFields retry(fields.object("retry"), "settings of retry");
    settings.retry.attempts = static_cast<std::uint16_t>(retry.whole("attempts", 0, UINT16_MAX));
    settings.retry.first = milliseconds{retry.whole("first_ms", 0, INT64_MAX)};
    settings.retry.max = milliseconds{retry.whole("max_ms", 0, INT64_MAX)};
    retry.finish();
    if (fields.has("deadline_after_ms"))
        settings.deadline_after = milliseconds{fields.whole("deadline_after_ms", 0, INT64_MAX)};
    if (fields.has("deadline_at_ms"))
        settings.deadline_at =
            WallTime{milliseconds{fields.whole("deadline_at_ms", INT64_MIN, INT64_MAX)}};
    if (fields.has("first_count"))
        settings.first_count =
            static_cast<std::uint32_t>(fields.whole("first_count", 1, UINT32_MAX));
    if (fields.has("first_wait_ms"))
        settings.first_wait = milliseconds{fields.whole("first_wait_ms", 1, INT64_MAX)};
    if (fields.has("send_window")) settings.send_window = window_from(fields.object("send_window"));
    if (fields.has("max_gone")) settings.max_gone = fields.number("max_gone");
    if (fields.has("accepted_targets"))
        settings.accepted_targets = fields.texts("accepted_targets");
    fields.finish();
    return settings;
}

std::string_view to_string(InDoubtPolicy policy) {
    return name_of(policy, kInDoubtNames);
}

}  // namespace dispatcher
