#include "campaign/audience_origin.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "campaign/json_fields.h"

namespace dispatcher {
namespace {

using nlohmann::json;
using Kind = AudiencePart::Kind;

constexpr std::array<std::string_view, 2> kOnBadRow = {"stop", "skip"};
constexpr std::array<std::string_view, 3> kOnSharedToken = {"stop", "first", "allow"};

template <class Enum, std::size_t N>
Enum named(const std::string& name, const std::array<std::string_view, N>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) throw std::invalid_argument("sealed audience: what is " + name + "?");
    return static_cast<Enum>(found - names.begin());
}

bool is_same_definition(const AudiencePart& a, const AudiencePart& b) {
    return a.kind == b.kind && a.content_sha256 == b.content_sha256 && a.source == b.source &&
           a.query == b.query && a.campaign == b.campaign && a.outcomes == b.outcomes;
}

json to_json_value(const AudiencePart& part) {
    json value = json::object();
    switch (part.kind) {
        case Kind::file:
            value["file"] = part.file;
            if (!part.content_sha256.empty()) value["content_sha256"] = part.content_sha256;
            break;
        case Kind::query:
            value["source"] = part.source;
            value["target"] = part.target;
            value["query"] = part.query;
            break;
        case Kind::campaign:
            value["campaign"] = part.campaign;
            value["outcomes"] = part.outcomes;
    }
    return value;
}

AudiencePart part_from(const json& value) {
    JsonFields fields(value, "sealed audience's origin");
    AudiencePart part;
    if (fields.has("file")) {
        part.file = fields.text("file");
        if (fields.has("content_sha256")) part.content_sha256 = fields.text("content_sha256");
    } else if (fields.has("campaign")) {
        part.kind = Kind::campaign;
        part.campaign = fields.text("campaign");
        part.outcomes = fields.text_list("outcomes");
    } else {
        part.kind = Kind::query;
        part.source = fields.text("source");
        part.target = fields.text("target");
        part.query = fields.text("query");
    }
    if (fields.has("excluded"))
        part.excluded = static_cast<std::uint64_t>(fields.whole("excluded", 0, INT64_MAX));
    fields.finish();
    return part;
}

}  // namespace

std::string_view to_string(OnBadRow policy) {
    return kOnBadRow.at(static_cast<std::size_t>(policy));
}

std::string_view to_string(OnSharedToken policy) {
    return kOnSharedToken.at(static_cast<std::size_t>(policy));
}

bool is_live(const AudienceOrigin& origin) {
    const auto is_read_from_elsewhere = [](const AudiencePart& part) {
        return part.kind != Kind::file;
    };
    return is_read_from_elsewhere(origin.members) ||
           std::any_of(origin.exclude.begin(), origin.exclude.end(), is_read_from_elsewhere);
}

bool is_same_refresh(const AudienceOrigin& a, const AudienceOrigin& b) {
    if (!a.refresh || !b.refresh) return a.refresh.has_value() == b.refresh.has_value();
    return is_same_definition(*a.refresh, *b.refresh);
}

bool is_same_definition(const AudienceOrigin& a, const AudienceOrigin& b) {
    return is_same_definition(a.members, b.members) && is_same_refresh(a, b) &&
           a.on_bad_row == b.on_bad_row && a.on_shared_token == b.on_shared_token &&
           std::equal(a.exclude.begin(), a.exclude.end(), b.exclude.begin(), b.exclude.end(),
                      [](const auto& x, const auto& y) { return is_same_definition(x, y); });
}

std::string name_of(const AudiencePart& part) {
    switch (part.kind) {
        case Kind::file:
            return part.file == "-" ? "stdin" : "file " + part.file;
        case Kind::query:
            return part.target.empty() ? "source " + part.source
                                       : fmt::format("source {} ({})", part.source, part.target);
        case Kind::campaign:
            return part.outcomes.empty() ? "campaign " + part.campaign
                                         : fmt::format("campaign {} ({})", part.campaign,
                                                       fmt::join(part.outcomes, ", "));
    }
    return {};
}

std::string to_text(const AudiencePart& part) {
    if (part.kind == Kind::query) return name_of(part) + ": " + part.query;
    if (part.content_sha256.empty()) return name_of(part);
    return fmt::format("{}, sha256 {}", name_of(part), part.content_sha256);
}

json to_json_value(const AudienceOrigin& origin) {
    json exclude = json::array();
    for (const auto& part : origin.exclude) {
        exclude.push_back(to_json_value(part));
        exclude.back()["excluded"] = part.excluded;
    }
    json value = {{"members", to_json_value(origin.members)},
                  {"exclude", std::move(exclude)},
                  {"on_bad_row", to_string(origin.on_bad_row)},
                  {"on_shared_token", to_string(origin.on_shared_token)}};
    if (origin.refresh) value["refresh"] = to_json_value(*origin.refresh);
    return value;
}

AudienceOrigin audience_origin_from(const json& value) {
    JsonFields fields(value, "sealed audience's origin");
    AudienceOrigin origin;
    origin.members = part_from(fields.object("members"));
    for (const auto& part : fields.list("exclude"))
        origin.exclude.push_back(part_from(part));
    if (fields.has("refresh")) origin.refresh = part_from(fields.object("refresh"));
    origin.on_bad_row = named<OnBadRow>(fields.text("on_bad_row"), kOnBadRow);
    origin.on_shared_token = named<OnSharedToken>(fields.text("on_shared_token"), kOnSharedToken);
    fields.finish();
    return origin;
}

}  // namespace dispatcher
