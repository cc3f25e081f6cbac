#include "rehearsal/gateway_settings.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

using Keys = std::map<std::string, std::string>;

/// The keys of `real` with these names, where it has them.
Keys kept(const GatewayOptions& real, std::initializer_list<const char*> names) {
    Keys keys;
    for (const auto* name : names)
        if (const auto found = real.keys.find(name); found != real.keys.end())
            keys[name] = found->second;
    return keys;
}

Keys apns_keys(const GatewayOptions& real, const RehearsalMade& made) {
    auto keys = kept(real, {"topic", "environment"});
    keys["key_file"] = made.provider_key;
    keys["key_id"] = kRehearsalKeyId;
    keys["team_id"] = kRehearsalTeamId;
    return keys;
}

Keys fcm_keys(const GatewayOptions&, const RehearsalMade& made) {
    return {{"service_account", made.service_account}};
}

/// Unsigned: the secret stays unread.
Keys webhook_keys(const GatewayOptions& real, const RehearsalMade& made) {
    auto keys = kept(real, {"protocol", "honours_idempotency_key"});
    // A duration is kept as its milliseconds.
    if (const auto found = keys.find("honours_idempotency_key"); found != keys.end())
        found->second += "ms";
    keys["url"] = made.endpoint + "/hook";
    return keys;
}

Keys webpush_keys(const GatewayOptions& real, const RehearsalMade& made) {
    auto keys = kept(real, {"subject", "protocol"});
    keys["vapid_key_file"] = made.vapid_key;
    return keys;
}

/// An endpoint's path, without what the mock gateway takes for the same in all of them.
std::string_view webpush_token(std::string_view endpoint) {
    constexpr std::string_view kPath = "/push/";
    const auto host = endpoint.find("://");
    const auto slash = host == endpoint.npos ? host : endpoint.find('/', host + 3);
    if (slash == endpoint.npos) return endpoint;
    const auto path = endpoint.substr(slash);
    return path.substr(path.starts_with(kPath) ? kPath.size() : 1);
}

Keys loopback_keys(const GatewayOptions& real, const RehearsalMade& made) {
    auto keys = kept(real, {"accept", "otherwise"});
    keys["ledger"] = made.folder + "/ledger-" + real.name + ".ndjson";
    return keys;
}

/// What becomes of a type of gateway in a rehearsal.
struct RehearsedType {
    std::string_view name;
    bool is_played_by_mock;  ///< false: it sends nothing, and stays as it is
    /// All keys that are the type's own, secrets too; none of them may be a real credential.
    Keys (*keys)(const GatewayOptions& real, const RehearsalMade& made);
    /// As many services as this may be behind it, each with all its connections full.
    std::uint64_t services = 1;
    /// Where only the device can read what is sent: its name in the ledger, by its endpoint.
    std::string_view (*ledger_token)(std::string_view endpoint) = nullptr;
};

/// WebPushGateway lets no more be open at once than so many full push services have.
constexpr std::uint64_t kPushServices = 4;

constexpr std::array kTypes = {
    RehearsedType{"apns", true, apns_keys},
    RehearsedType{"fcm", true, fcm_keys},
    RehearsedType{"webhook", true, webhook_keys},
    RehearsedType{"webpush", true, webpush_keys, kPushServices, webpush_token},
    RehearsedType{"loopback", false, loopback_keys},
};

const RehearsedType& type_of(const GatewayOptions& real) {
    const auto* const found = std::find_if(
        kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.name == real.type; });
    if (found == kTypes.end())
        throw ConfigError(
            "gateways." + real.name,
            fmt::format("gateways of type {} cannot be rehearsed in this version", real.type));
    return *found;
}

}  // namespace

bool is_played_by_mock(const GatewayOptions& real) {
    return type_of(real).is_played_by_mock;
}

bool is_encrypted(const GatewayOptions& real) {
    return type_of(real).ledger_token != nullptr;
}

std::string_view ledger_token(const GatewayOptions& real, std::string_view value) {
    const auto& type = type_of(real);
    return type.ledger_token != nullptr ? type.ledger_token(value) : value;
}

GatewayOptions rehearsal_settings(const GatewayOptions& real, const RehearsalMade& made) {
    const auto& type = type_of(real);
    GatewayOptions rehearsed;
    rehearsed.name = real.name;
    rehearsed.type = real.type;
    rehearsed.connections = real.connections;
    rehearsed.in_flight = real.in_flight;
    rehearsed.timeout = real.timeout;
    rehearsed.patience = real.patience;
    rehearsed.keys = type.keys(real, made);
    if (!type.is_played_by_mock) return rehearsed;
    invariant(made.endpoint.starts_with("https://127.0.0.1:"),
              "the mock gateway is on this machine");
    rehearsed.endpoint = made.endpoint;
    rehearsed.ca_file = made.ca_file;
    return rehearsed;
}

std::uint64_t wire_of(const std::vector<GatewayOptions>& gateways) {
    std::uint64_t wire = 0;
    for (const auto& gateway : gateways)
        wire += std::uint64_t{gateway.connections_max()} * gateway.in_flight *
                type_of(gateway).services;
    return wire;
}

bool limit_wire(std::vector<GatewayOptions>& gateways, std::uint64_t most) {
    if (wire_of(gateways) <= most) return false;
    for (auto& gateway : gateways) {
        const auto ways = gateways.size() * type_of(gateway).services;
        const auto share = std::max<std::uint64_t>(1, most / ways);
        const auto connections = std::min<std::uint64_t>(gateway.connections_max(), share);
        const auto in_flight = std::min<std::uint64_t>(gateway.in_flight, share / connections);
        gateway.connections = static_cast<std::uint32_t>(connections);
        gateway.in_flight = static_cast<std::uint32_t>(in_flight);
    }
    return true;
}

std::string own_ledger(const GatewayOptions& rehearsed) {
    return is_played_by_mock(rehearsed) ? std::string() : rehearsed.key("ledger");
}

}  // namespace dispatcher
