#include "config/audience_keys.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "audience/query_check.h"
#include "campaign/nearest_name.h"
#include "config/settings_reader.h"
#include "engine/reported_outcome.h"

namespace dispatcher {
namespace {

using Kind = AudiencePart::Kind;

const YamlNode* scalar(MapReader& reader, std::string_view key) {
    const auto* node = reader.find(key);
    return node != nullptr && node->kind == YamlNode::Kind::scalar ? node : nullptr;
}

void read_file(MapReader& reader, RowsFrom& from) {
    from.part.kind = Kind::file;
    reader.text("file", from.part.file);
    const auto* node = scalar(reader, "file");
    if (node == nullptr) return;
    if (from.part.file == "-") {
        from.file = from.part.file;
        return;
    }
    reader.path("file", from.file);
    std::string_view plain = from.file;
    for (const std::string_view packed : {".gz", ".zst"})
        if (plain.ends_with(packed)) plain.remove_suffix(packed.size());
    if (!plain.ends_with(".csv") && !plain.ends_with(".ndjson"))
        reader.fail(*node, fmt::format("{} must end in .csv or .ndjson, with .gz or .zst after it "
                                       "if it is packed",
                                       reader.full_name("file")));
    std::error_code ignored;
    if (!std::filesystem::exists(from.file, ignored))
        reader.fail(*node,
                    fmt::format("{}: {} does not exist", reader.full_name("file"), from.file));
}

using QueryProblem = std::optional<std::string> (*)(std::string_view query);

void read_query(MapReader& reader, const AudienceContext& context, QueryProblem problem_of,
                RowsFrom& from) {
    from.part.kind = Kind::query;
    reader.require({"source", "query"});
    reader.text("source", from.part.source);
    reader.text("query", from.part.query);
    const auto& known = context.source_names;
    if (const auto* node = scalar(reader, "source");
        node != nullptr && std::find(known.begin(), known.end(), node->text) == known.end())
        reader.fail(*node, known.empty() ? std::string("the server file has no sources")
                                         : fmt::format("unknown source '{}'{}", node->written,
                                                       hint_for(node->text, known)));
    const auto* node = scalar(reader, "query");
    if (node == nullptr) return;
    from.place = to_string(context.file.path, node->mark);
    if (const auto problem = problem_of(node->text))
        reader.fail(*node, fmt::format("{} {}", reader.full_name("query"), *problem));
}

void read_outcomes(MapReader& reader, std::vector<std::string>& outcomes) {
    const auto* list = reader.find("outcomes");
    if (list == nullptr || list->kind == YamlNode::Kind::broken) return;
    const auto name = reader.full_name("outcomes");
    if (list->kind != YamlNode::Kind::list || list->items.empty())
        return reader.fail(*list, name + " must be a list such as [rejected, undelivered]");
    for (const auto& item : list->items) {
        const auto outcome = reader.scalar(item, name);
        if (!outcome) continue;
        if (!parse_report_outcome(*outcome))
            reader.fail(item,
                        fmt::format("{}: '{}' is no outcome of the report{}", name, item.written,
                                    hint_for(*outcome, report_outcome_names())));
        else if (std::find(outcomes.begin(), outcomes.end(), *outcome) != outcomes.end())
            reader.fail(item, fmt::format("{}: '{}' stands there twice", name, item.written));
        else
            outcomes.push_back(*outcome);
    }
    std::sort(outcomes.begin(), outcomes.end());
}

void read_campaign(MapReader& reader, const AudienceContext& context, RowsFrom& from) {
    from.part.kind = Kind::campaign;
    reader.require({"campaign"});
    reader.text("campaign", from.part.campaign);
    read_outcomes(reader, from.part.outcomes);
    const auto* node = scalar(reader, "campaign");
    if (node == nullptr) return;
    from.place = to_string(context.file.path, node->mark);
    if (node->text == context.campaign)
        reader.fail(*node, fmt::format("{}: a campaign cannot ask for its own outcomes; `pushonce "
                                       "restart {}` takes up what is left of it",
                                       reader.full_name("campaign"), node->written));
    else if (node->text.empty())
        reader.fail(*node, reader.full_name("campaign") + " is empty");
}

/// One of a file, a query or a campaign.
void read_part(MapReader& reader, const AudienceContext& context, RowsFrom& from) {
    constexpr std::array<std::string_view, 3> kStarts = {"file", "query", "campaign"};
    const auto has = [&reader](std::string_view key) { return reader.find(key) != nullptr; };
    std::string_view first;
    for (const auto key : kStarts) {
        if (!has(key)) continue;
        if (!first.empty())
            reader.fail(*reader.find(key),
                        fmt::format("{} beside {}: give one of file, source with query, and "
                                    "campaign",
                                    reader.full_name(key), reader.full_name(first)));
        if (first.empty()) first = key;
    }
    if (first == "file")
        read_file(reader, from);
    else if (first == "query" || (first.empty() && has("source")))
        read_query(reader, context, query_problem, from);
    else if (first == "campaign" || (first.empty() && has("outcomes")))
        read_campaign(reader, context, from);
    else
        reader.require({"file"});
    if (from.part.kind != Kind::query && has("source"))
        reader.fail(*reader.find("source"), reader.full_name("source") + " belongs to a query");
    if (from.part.kind != Kind::campaign && has("outcomes"))
        reader.fail(*reader.find("outcomes"),
                    reader.full_name("outcomes") + " belongs to a campaign");
}

void read_exclude(MapReader& reader, const AudienceContext& context,
                  std::vector<RowsFrom>& exclude) {
    const auto* list = reader.find("exclude");
    if (list == nullptr || list->kind == YamlNode::Kind::broken) return;
    if (list->kind != YamlNode::Kind::list)
        return reader.fail(
            *list, reader.full_name("exclude") + " must be a list such as [{file: optouts.csv}]");
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        MapReader part(list->items[i], fmt::format("{}[{}]", reader.full_name("exclude"), i),
                       context.file, context.problems);
        RowsFrom from;
        read_part(part, context, from);
        part.finish();
        exclude.push_back(std::move(from));
    }
}

/// Stdin can be read once.
void check_stdin(MapReader& reader, const AudienceOptions& audience) {
    auto uses = audience.file == "-" ? 1 : 0;
    for (const auto& from : audience.exclude)
        uses += from.file == "-" ? 1 : 0;
    if (uses > 1)
        reader.fail(reader.mark(),
                    "audience: stdin (-) stands for two files, and can be read once");
}

/// `refresh: {source: crm, query: SELECT appid, token FROM devices WHERE appid IN (:appids)}`.
void read_refresh(MapReader reader, const AudienceContext& context, AudienceOptions& audience) {
    if (!reader.is_present()) return;
    RowsFrom from;
    read_query(reader, context, refresh_query_problem, from);
    read_max_gone(reader, context.settings);
    reader.finish();
    audience.refresh = std::move(from);
}

void read_expected_size(MapReader reader, AudienceOptions& audience) {
    const auto read = [&](const char* key, std::optional<std::uint64_t>& target) {
        std::uint64_t count = 0;
        if (reader.find(key) == nullptr) return;
        reader.count(key, 0, UINT64_MAX, count);
        target = count;
    };
    read("min", audience.expect_min);
    read("max", audience.expect_max);
    if (audience.expect_min && audience.expect_max && *audience.expect_min > *audience.expect_max)
        reader.fail(*reader.find("min"), "audience.expect.min is greater than max");
    reader.finish();
}

}  // namespace

void read_audience(MapReader reader, const AudienceContext& context, AudienceOptions& audience) {
    read_part(reader, context, audience);
    read_exclude(reader, context, audience.exclude);
    check_stdin(reader, audience);
    read_refresh(reader.map("refresh"), context, audience);
    read_expected_size(reader.map("expect"), audience);
    reader.choice<OnBadRow>("on_bad_row", audience.on_bad_row,
                            {{"stop", OnBadRow::stop}, {"skip", OnBadRow::skip}});
    reader.choice<OnSharedToken>("on_shared_token", audience.on_shared_token,
                                 {{"stop", OnSharedToken::stop},
                                  {"first", OnSharedToken::first},
                                  {"allow", OnSharedToken::allow}});
    reader.finish();
}

}  // namespace dispatcher
