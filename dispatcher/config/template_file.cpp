#include "config/template_file.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "campaign/nearest_name.h"
#include "config/block_json.h"
#include "config/map_reader.h"
#include "config/tag_finder.h"
#include "config/yaml_node.h"

namespace dispatcher {
namespace {

constexpr std::size_t kLocaleBytesMax = 35;

bool is_locale(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= kLocaleBytesMax &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

LocaleText read_locale(MapReader reader) {
    LocaleText text;
    reader.mustache("title", text.title);
    reader.mustache("body", text.body);
    reader.mustache("image", text.image);
    reader.mustache("link", text.link);
    reader.texts("data", text.data, true);
    reader.finish();
    return text;
}

void read_locales(MapReader locales, Message& message) {
    for (const auto& locale : locales.keys()) {
        if (!is_locale(locale))
            locales.fail(*locales.find(locale),
                         fmt::format("'{}' is not a locale such as en or de-AT", locale));
        message.locales.emplace(locale, read_locale(locales.map(locale)));
    }
    if (locales.is_present() && message.locales.empty())
        locales.fail(locales.mark(), "locales is empty; give at least the default one");
}

void read_default(MapReader& root, Message& message) {
    root.text("default", message.default_locale);
    const auto* node = root.find("default");
    if (node == nullptr || message.locales.empty() ||
        message.locales.contains(message.default_locale))
        return;
    std::vector<std::string> locales;
    for (const auto& [locale, text] : message.locales)
        locales.push_back(locale);
    root.fail(*node, fmt::format("default: '{}' is not among the locales{}", node->written,
                                 hint_for(node->text, locales)));
}

void read_block(MapReader& root, const std::string& type, Message& message) {
    const auto block = root.map(type);
    if (block.is_present()) message.blocks[type] = block_json(*root.find(type), type, root);
}

/// References belong to the files that people write for a server or a campaign; a template that
/// has one would send it to phones as it stands.
void refuse_references(const YamlNode& node, MapReader& root) {
    for (const auto& entry : node.entries)
        refuse_references(entry.value, root);
    for (const auto& item : node.items)
        refuse_references(item, root);
    for (const std::string_view reference : {"${param:", "${env:", "${file:"})
        if (node.text.find(reference) != node.text.npos)
            root.fail(node, fmt::format("{}…}} does not work in a template; put the value under "
                                        "message.data of the campaign file and write {{{{name}}}}",
                                        reference));
}

}  // namespace

std::string template_path(const SourceFile& campaign_file, const std::string& written) {
    const bool is_path = written.find('/') != written.npos || written.ends_with(".yaml") ||
                         written.ends_with(".yml");
    if (is_path) return campaign_file.resolve(written);
    const auto beside = campaign_file.resolve("templates/" + written + ".yaml");
    const auto above = campaign_file.resolve("../templates/" + written + ".yaml");
    const bool is_above = !std::filesystem::exists(beside) && std::filesystem::exists(above);
    return is_above ? above : beside;
}

TagPlaces read_template_file(const std::string& path, Message& message, Problems& problems) {
    const auto source = SourceFile::read(path);
    const auto tree = parse_yaml(source, problems);
    MapReader root(tree, "", source, problems);
    refuse_references(tree, root);
    root.require({"default", "locales"});
    read_locales(root.map("locales"), message);
    read_default(root, message);
    for (const auto* type : {"apns", "fcm", "webpush", "webhook"})
        read_block(root, type, message);
    root.finish();
    return find_tags(source, tree);
}

}  // namespace dispatcher
