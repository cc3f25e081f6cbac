#include "gateway/http2/endpoint.h"

#include <string_view>

#include "base/error.h"
#include "base/host_name.h"

namespace dispatcher::http2 {
namespace {

constexpr std::uint16_t kTlsPort = 443;
constexpr std::uint16_t kCleartextPort = 80;

[[noreturn]] void refuse(const std::string& url, const std::string& where) {
    throw ConfigError(where, "\"" + url +
                                 "\" is not an endpoint: write https://HOST, https://HOST:PORT, or "
                                 "http://HOST:PORT for cleartext HTTP/2");
}

}  // namespace

Endpoint Endpoint::parse(const std::string& url, const std::string& where) {
    Endpoint endpoint;
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
        endpoint.is_tls = false;
    } else {
        refuse(url, where);
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);

    const auto default_port = endpoint.is_tls ? kTlsPort : kCleartextPort;
    const auto authority = parse_authority(rest);
    if (!authority) refuse(url, where);
    endpoint.host = authority->host_name();
    endpoint.port = authority->port.value_or(default_port);

    endpoint.authority = authority->host;
    if (endpoint.port != default_port) endpoint.authority += ":" + std::to_string(endpoint.port);
    return endpoint;
}

}  // namespace dispatcher::http2
