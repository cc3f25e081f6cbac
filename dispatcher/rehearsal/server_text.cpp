#include "rehearsal/server_text.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace dispatcher {
namespace {

/// A double-quoted YAML scalar.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    append_json_escaped(result, text);
    return result + "\"";
}

std::string gateway_text(const GatewayOptions& gateway) {
    auto text = fmt::format(
        "  {}:\n    type: {}\n    in_flight: {}\n    timeout: {}ms\n    patience: {}ms\n",
        quoted(gateway.name), quoted(gateway.type), gateway.in_flight, gateway.timeout.count(),
        gateway.patience.count());
    if (gateway.connections) text += fmt::format("    connections: {}\n", *gateway.connections);
    if (!gateway.endpoint.empty())
        text += fmt::format("    endpoint: {}\n    ca_file: {}\n", quoted(gateway.endpoint),
                            quoted(gateway.ca_file));
    for (const auto& [key, value] : gateway.keys)
        text += fmt::format("    {}: {}\n", key, quoted(value));
    return text;
}

}  // namespace

std::string rehearsal_server_text(const std::string& folder, const ServerFile& real,
                                  const std::vector<GatewayOptions>& gateways) {
    auto text = fmt::format(
        "# Of a rehearsal: nothing here leads beyond this machine.\n"
        "store: {{url: {}, lease: {}ms, patience: {}ms}}\n"
        "journal: {{dir: {}, sync: {}}}\n"
        "log: {{level: info, format: text}}\n"
        "gateways:\n",
        quoted("sqlite:" + folder + "/store.db"), real.store.lease.count(),
        real.store.patience.count(), quoted(folder + "/journal"), real.journal.sync);
    for (const auto& gateway : gateways)
        text += gateway_text(gateway);
    return text;
}

}  // namespace dispatcher
