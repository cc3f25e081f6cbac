#include "config/campaign_file.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "campaign/nearest_name.h"
#include "config/audience_keys.h"
#include "config/map_reader.h"
#include "config/reference.h"
#include "config/settings_reader.h"
#include "config/template_file.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kDay = std::chrono::hours{24};
/// No gateway keeps a notification longer.
constexpr milliseconds kTtlMax = 30 * kDay;

ReferenceSource parameter(const std::map<std::string, std::string>& params) {
    return [&params](const std::string& name, std::string& problem) -> std::optional<std::string> {
        const auto found = params.find(name);
        if (found != params.end()) return found->second;
        problem = fmt::format("the parameter {0} is not set; give it with --param {0}=VALUE", name);
        return std::nullopt;
    };
}

/// Reads a name into `target`; answers whether it is one.
bool read_name(MapReader& reader, std::string_view key, std::string& target) {
    const auto* node = reader.find(key);
    reader.text(key, target);
    if (node == nullptr || node->kind != YamlNode::Kind::scalar) return false;
    if (CampaignName::parse(target)) return true;
    reader.fail(*node, fmt::format("{}: '{}' is not a name: letters, digits, '.', '_' and '-', at "
                                   "most 64",
                                   reader.full_name(key), node->written));
    return false;
}

/// Answers whether the server file has this gateway.
bool check_gateway(MapReader& reader, const YamlNode& node, const std::string& name,
                   const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return true;
    reader.fail(node, known.empty() ? std::string("the server file has no gateways")
                                    : fmt::format("unknown gateway '{}'{}", node.written,
                                                  hint_for(name, known)));
    return false;
}

/// The list of gateways is sorted: the same map in another order is the same routing.
Routing routing_of(const std::map<std::string, std::string>& by_platform) {
    Routing routing;
    for (const auto& [platform, gateway] : by_platform)
        routing.gateways.push_back(gateway);
    std::sort(routing.gateways.begin(), routing.gateways.end());
    routing.gateways.erase(std::unique(routing.gateways.begin(), routing.gateways.end()),
                           routing.gateways.end());
    for (const auto& [platform, gateway] : by_platform) {
        const auto found =
            std::lower_bound(routing.gateways.begin(), routing.gateways.end(), gateway);
        routing.by_platform[platform] =
            GatewayNo{static_cast<std::uint16_t>(found - routing.gateways.begin())};
    }
    return routing;
}

Routing read_routing(MapReader& root, const std::vector<std::string>& known) {
    const auto* node = root.find("gateway");
    if (node == nullptr || node->kind == YamlNode::Kind::broken) return {};
    if (node->kind == YamlNode::Kind::scalar) {
        check_gateway(root, *node, node->text, known);
        return {{node->text}, {}};
    }
    auto platforms = root.map("gateway");
    std::map<std::string, std::string> by_platform;
    for (const auto& platform : platforms.keys()) {
        std::string gateway;
        platforms.text(platform, gateway);
        if (!gateway.empty() && check_gateway(root, *platforms.find(platform), gateway, known))
            by_platform[platform] = gateway;
    }
    if (platforms.is_present() && platforms.keys().empty())
        root.fail(*node, "gateway is empty; give one name, or platform: name");
    return routing_of(by_platform);
}

void read_collapse(MapReader& reader, Message& message) {
    const auto* node = reader.find("collapse");
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::map) {
        reader.choice<CollapseMode>(
            "collapse", message.collapse,
            {{"auto", CollapseMode::automatic}, {"none", CollapseMode::none}});
        return;
    }
    auto collapse = reader.map("collapse");
    collapse.require({"key"});
    collapse.mustache("key", message.collapse_key);
    if (const auto* key = collapse.find("key"); key != nullptr && message.collapse_key.empty())
        collapse.fail(*key, "message.collapse.key is empty; write collapse: none instead");
    message.collapse = CollapseMode::key;
    collapse.finish();
}

void read_ttl(MapReader& reader, Message& message) {
    milliseconds ttl = message.ttl;
    reader.duration("ttl", 0s, kTtlMax, ttl);
    message.ttl = std::chrono::duration_cast<std::chrono::seconds>(ttl);
    if (message.ttl != ttl)
        reader.fail(*reader.find("ttl"), "message.ttl: gateways count whole seconds");
}

void read_data(MapReader& reader, Message& message) {
    reader.texts("data", message.data, false);
    auto data = reader.map("data");
    for (const auto& name : data.keys())
        if (name.empty() || name.find_first_of("{}\n") != name.npos ||
            std::string_view(" #^/!&>=<$").find(name.front()) != std::string_view::npos ||
            name.back() == ' ')
            data.fail(*data.find(name),
                      fmt::format("message.data: '{}' cannot be written as a variable", name));
}

void read_message(MapReader reader, const SourceFile& source, CampaignFile& file,
                  Problems& problems) {
    auto& message = file.message;
    reader.require({"template"});
    read_data(reader, message);
    read_ttl(reader, message);
    reader.choice<Priority>("priority", message.priority,
                            {{"high", Priority::high}, {"normal", Priority::normal}});
    read_collapse(reader, message);
    std::string written;
    reader.text("template", written);
    const auto* node = reader.find("template");
    reader.finish();
    if (node == nullptr || node->kind != YamlNode::Kind::scalar) return;
    file.template_path = template_path(source, written);
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file.template_path, ignored)) {
        reader.fail(*node, fmt::format("message.template: there is no {}", file.template_path));
    } else {
        file.tag_places = read_template_file(file.template_path, message, problems);
    }
}

void read_delivery(MapReader reader, CampaignFile& file) {
    read_settings(reader, file.settings);
    reader.choice<InDoubtPolicy>("in_doubt", file.in_doubt,
                                 {{"hold", InDoubtPolicy::hold},
                                  {"assume_delivered", InDoubtPolicy::assume_delivered},
                                  {"resend", InDoubtPolicy::resend}});
    reader.not_available({"spread"});
    reader.finish();
}

void read_schedule(MapReader reader, CampaignFile& file) {
    read_window(reader, file.settings);
    reader.not_available({"start", "repeat", "start_deadline"});
    reader.finish();
    const auto& window = file.settings.send_window;
    file.audience.needs_timezone = window && window->is_by_recipient();
}

}  // namespace

CampaignFile load_campaign_file(const std::string& path,
                                const std::map<std::string, std::string>& params,
                                const std::vector<std::string>& gateway_names,
                                const std::vector<std::string>& source_names) {
    auto source = SourceFile::read(path);
    Problems problems;
    auto tree = parse_yaml(source, problems);
    replace_references(tree, {{"param", parameter(params)}}, source, problems);
    CampaignFile file;
    file.path = path;
    MapReader root(tree, "", source, problems);
    root.require({"campaign", "audience", "gateway", "message"});
    std::string name;
    if (read_name(root, "campaign", name)) file.name = *CampaignName::parse(name);
    file.once_per = name;
    read_name(root, "once_per", file.once_per);
    read_audience(root.map("audience"), {source, problems, source_names, name, file.settings},
                  file.audience);
    file.routing = read_routing(root, gateway_names);
    read_message(root.map("message"), source, file, problems);
    read_delivery(root.map("delivery"), file);
    read_schedule(root.map("schedule"), file);
    root.not_available({"limits", "variants"});
    root.finish();
    problems.throw_if_any();
    file.source_text = std::move(source.text);
    return file;
}

}  // namespace dispatcher
