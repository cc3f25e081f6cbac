#include "config/server_file.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "campaign/names.h"
#include "campaign/nearest_name.h"
#include "config/dead_token_keys.h"
#include "config/endpoint.h"
#include "config/map_reader.h"
#include "config/reference.h"

namespace dispatcher {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kDay = std::chrono::hours{24};

/// Gateway types of versions to come.
constexpr std::array<std::string_view, 2> kTypesToCome = {"hms", "xiaomi"};

/// Stands for what was not looked up.
constexpr std::string_view kUnread = "unread";

/// References where the secrets are not needed.
std::map<std::string, ReferenceSource> unneeded_sources() {
    const auto variable = [](const std::string& name, std::string&) {
        std::string ignored;
        return environment_variable(name, ignored).value_or(std::string(kUnread));
    };
    const auto content = [](const std::string&, std::string&) { return std::string(kUnread); };
    return {{"env", variable}, {"file", content}};
}

void read_retention(MapReader retention, StoreOptions& store) {
    constexpr milliseconds kLongest = 100 * 366 * kDay;
    milliseconds flags = store.retention_flags;
    milliseconds audience = store.retention_audience;
    retention.duration("flags", 1h, kLongest, flags);
    retention.duration("audience", 1h, kLongest, audience);
    retention.finish();
    store.retention_flags = std::chrono::duration_cast<std::chrono::hours>(flags);
    store.retention_audience = std::chrono::duration_cast<std::chrono::hours>(audience);
}

/// Where a database is and how to get in: the same keys for the store and for sources.
void read_database(MapReader& reader, const SourceFile& file, std::string& url, Secret& password,
                   std::string& tls_ca) {
    reader.text("url", url);
    // What is broken already has been told.
    const auto* written = reader.find("url");
    if (written != nullptr && written->kind == YamlNode::Kind::scalar)
        if (const auto problem = store_url_problem(url))
            reader.fail(*written, fmt::format("{}: {}", reader.full_name("url"), *problem));
    if (url.starts_with(kSqliteScheme))
        url = std::string(kSqliteScheme) + file.resolve(url.substr(kSqliteScheme.size()));
    reader.secret("password", password);
    auto tls = reader.map("tls");
    tls.require({"ca"});
    tls.path("ca", tls_ca);
    tls.finish();
}

/// Gateways and sources have names of the form that campaigns have.
void check_name(MapReader& reader, const std::string& name) {
    if (CampaignName::parse(name)) return;
    reader.fail(
        *reader.find(name),
        fmt::format("'{}' is not a name: letters, digits, '.', '_' and '-', at most 64", name));
}

void read_sources(MapReader reader, const SourceFile& file, std::vector<SourceOptions>& sources) {
    for (const auto& name : reader.keys()) {
        check_name(reader, name);
        SourceOptions source;
        source.name = name;
        source.timeout_key = fmt::format("sources.{}.timeout", name);
        auto keys = reader.map(name);
        keys.require({"url"});
        read_database(keys, file, source.url, source.password, source.tls_ca);
        keys.duration("timeout", 1s, kDay, source.timeout);
        keys.finish();
        sources.push_back(std::move(source));
    }
}

void read_store(MapReader reader, const SourceFile& file, StoreOptions& store) {
    read_database(reader, file, store.url, store.password, store.tls_ca);
    reader.duration("lease", 1s, 1h, store.lease);
    reader.duration("patience", 0s, kDay, store.patience);
    read_retention(reader.map("retention"), store);
    reader.finish();
}

void read_journal(MapReader reader, const SourceFile& file, JournalOptions& journal) {
    journal.dir = file.resolve("var/journal");
    reader.path("dir", journal.dir);
    reader.flag("sync", journal.sync);
    reader.finish();
}

void read_listen(MapReader& reader, std::string_view key, std::string& target) {
    std::string address;
    reader.text(key, address);
    if (address.empty()) return;
    if (const auto problem = listen_problem(address)) {
        reader.fail(*reader.find(key), fmt::format("{}: {}", reader.full_name(key), *problem));
    } else {
        target = address;
    }
}

void read_server(MapReader reader, ListenOptions& server) {
    read_listen(reader, "listen", server.listen);
    read_listen(reader, "ops_listen", server.ops_listen);
    reader.path("api_keys_file", server.api_keys_file);
    reader.path("audience_dir", server.audience_dir);
    reader.finish();
}

void read_log(MapReader reader, LogOptions& log) {
    reader.choice<LogLevel>("level", log.level,
                            {{"trace", LogLevel::trace},
                             {"debug", LogLevel::debug},
                             {"info", LogLevel::info},
                             {"warn", LogLevel::warn},
                             {"error", LogLevel::error},
                             {"off", LogLevel::off}});
    reader.choice<LogFormat>("format", log.format,
                             {{"text", LogFormat::text}, {"json", LogFormat::json}});
    reader.finish();
}

/// Finds the gateway's type, or nothing, with its problem.
const GatewayType* read_type(MapReader& reader, const std::vector<const GatewayType*>& types) {
    std::string name;
    reader.require({"type"});
    reader.text("type", name);
    const auto* node = reader.find("type");
    if (node == nullptr || name.empty()) return nullptr;
    std::vector<std::string> names;
    for (const auto* type : types) {
        if (type->name() == name) return type;
        names.emplace_back(type->name());
    }
    const bool is_to_come =
        std::find(kTypesToCome.begin(), kTypesToCome.end(), name) != kTypesToCome.end();
    reader.fail(*node, is_to_come
                           ? fmt::format("gateway type '{}' is not available in this version", name)
                           : fmt::format("unknown gateway type '{}'{}", node->written,
                                         hint_for(name, names)));
    return nullptr;
}

void read_common_keys(MapReader& reader, GatewayOptions& gateway) {
    constexpr std::uint64_t kConnectionsMax = 256;
    constexpr std::uint64_t kInFlightMax = 100'000;
    reader.text("endpoint", gateway.endpoint);
    if (gateway.endpoint == kUnread) gateway.endpoint.clear();
    if (!gateway.endpoint.empty())
        if (const auto problem = endpoint_problem(gateway.endpoint))
            reader.fail(*reader.find("endpoint"),
                        fmt::format("{}: {}", reader.full_name("endpoint"), *problem));
    reader.path("ca_file", gateway.ca_file);
    std::uint64_t connections = gateway.connections_max();
    std::uint64_t in_flight = gateway.in_flight;
    reader.count("connections", 1, kConnectionsMax, connections);
    reader.count("in_flight", 1, kInFlightMax, in_flight);
    if (reader.find("connections") != nullptr)
        gateway.connections = static_cast<std::uint32_t>(connections);
    gateway.in_flight = static_cast<std::uint32_t>(in_flight);
    reader.duration("timeout", 1s, 1h, gateway.timeout);
    reader.duration("patience", 0s, 7 * kDay, gateway.patience);
    reader.rate("rate", gateway.rate_per_second);
}

void read_key_of_type(MapReader& reader, const GatewayType::Key& key, GatewayOptions& gateway) {
    using Form = GatewayType::Key::Form;
    if (key.required) reader.require({key.name});
    if (reader.find(key.name) == nullptr) return;
    const std::string name(key.name);
    switch (key.form) {
        case Form::text:
            reader.text(name, gateway.keys[name]);
            break;
        case Form::path:
            reader.path(name, gateway.keys[name]);
            break;
        case Form::secret:
            reader.secret(name, gateway.secrets[name]);
            break;
        case Form::duration: {
            milliseconds duration{0};
            reader.duration(name, 1s, 366 * kDay, duration);
            gateway.keys[name] = std::to_string(duration.count());
            break;
        }
        case Form::choice: {
            const std::vector<std::string> choices(key.choices.begin(), key.choices.end());
            if (const auto index = reader.pick(name, choices)) gateway.keys[name] = choices[*index];
        }
    }
}

/// Where each key's value stands; whether one of them is broken is told too.
bool note_places(MapReader& reader, const SourceFile& file, GatewayOptions& gateway) {
    bool is_whole = true;
    for (const auto& key : reader.keys()) {
        const auto* node = reader.find(key);
        is_whole = is_whole && node->kind != YamlNode::Kind::broken;
        gateway.places[key] = to_string(file.path, node->mark);
    }
    return is_whole;
}

void check_with_type(MapReader& reader, const GatewayType& type, const GatewayOptions& gateway) {
    const auto problem = type.problem(gateway);
    if (!problem) return;
    const auto* node = problem->key.empty() ? nullptr : reader.find(problem->key);
    const auto name =
        problem->key.empty() ? "gateways." + gateway.name : reader.full_name(problem->key);
    reader.fail(node == nullptr ? reader.mark() : node->mark,
                fmt::format("{}: {}", name, problem->text));
}

void read_gateway(MapReader reader, const Problems& problems, const SourceFile& file,
                  const std::vector<const GatewayType*>& types, bool are_secrets_needed,
                  GatewayOptions& gateway) {
    const auto problems_before = problems.size();
    const auto* type = read_type(reader, types);
    if (type == nullptr) return;
    gateway.type = type->name();
    gateway.rate_per_second = type->default_rate_per_second();
    read_common_keys(reader, gateway);
    for (const auto& key : type->keys())
        read_key_of_type(reader, key, gateway);
    reader.finish();
    const bool is_whole = note_places(reader, file, gateway);
    if (problems.size() > problems_before || !is_whole) return;
    gateway.is_for_show = !are_secrets_needed;
    if (gateway.is_for_show)
        gateway.secrets.clear();
    else
        check_with_type(reader, *type, gateway);
}

void read_gateways(MapReader reader, const Problems& problems, const SourceFile& file,
                   const std::vector<const GatewayType*>& types, bool are_secrets_needed,
                   std::vector<GatewayOptions>& gateways) {
    for (const auto& name : reader.keys()) {
        check_name(reader, name);
        GatewayOptions gateway;
        gateway.name = name;
        read_gateway(reader.map(name), problems, file, types, are_secrets_needed, gateway);
        gateways.push_back(std::move(gateway));
    }
}

}  // namespace

const GatewayOptions* ServerFile::gateway(std::string_view name) const {
    const auto found = std::find_if(gateways.begin(), gateways.end(),
                                    [&](const auto& gateway) { return gateway.name == name; });
    return found == gateways.end() ? nullptr : &*found;
}

const SourceOptions* ServerFile::source(std::string_view name) const {
    const auto found = std::find_if(sources.begin(), sources.end(),
                                    [&](const auto& source) { return source.name == name; });
    return found == sources.end() ? nullptr : &*found;
}

std::string find_server_file(const std::string& given) {
    constexpr const char* kHere = "config/pushonce.yaml";
    constexpr const char* kSystem = "/etc/pushonce/pushonce.yaml";
    const auto exists = [](const std::string& path) {
        std::error_code ignored;
        return std::filesystem::exists(path, ignored);
    };
    if (!given.empty()) {
        if (!exists(given)) throw ConfigError(given, "no such file (given with --config)");
        return given;
    }
    if (const char* path = std::getenv("PUSHONCE_CONFIG"); path != nullptr && *path != '\0') {
        if (!exists(path)) throw ConfigError(path, "no such file (named by $PUSHONCE_CONFIG)");
        return path;
    }
    for (const auto* path : {kHere, kSystem})
        if (exists(path)) return path;
    throw ConfigError("", fmt::format("no server file: neither --config FILE nor $PUSHONCE_CONFIG "
                                      "is given, and neither ./{} nor {} exists; `pushonce init` "
                                      "writes one",
                                      kHere, kSystem));
}

ServerFile load_server_file(const std::string& path,
                            const std::vector<const GatewayType*>& gateway_types,
                            const std::set<std::string_view>& unneeded) {
    const auto source = SourceFile::read(path);
    Problems problems;
    auto tree = parse_yaml(source, problems);
    const std::map<std::string, ReferenceSource> sources = {
        {"env", environment_variable}, {"file", content_of_files_beside(source)}};
    for (auto& section : tree.entries)
        replace_references(section.value,
                           unneeded.contains(section.key) ? unneeded_sources() : sources, source,
                           problems);
    ServerFile file;
    file.path = path;
    MapReader root(tree, "", source, problems);
    read_store(root.map("store"), source, file.store);
    read_journal(root.map("journal"), source, file.journal);
    read_gateways(root.map("gateways"), problems, source, gateway_types,
                  !unneeded.contains("gateways"), file.gateways);
    file.dead_token_webhook =
        read_dead_tokens(root.map("dead_tokens"), !unneeded.contains("dead_tokens"));
    read_server(root.map("server"), file.server);
    read_log(root.map("log"), file.log);
    read_sources(root.map("sources"), source, file.sources);
    root.finish();
    problems.throw_if_any();
    return file;
}

}  // namespace dispatcher
