#include "gateway/http2/endpoint.h"

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace dispatcher::http2 {
namespace {

constexpr std::uint16_t kTlsPort = 443;
constexpr std::uint16_t kCleartextPort = 80;

[[noreturn]] void refuse(const std::string& url, const std::string& where) {
    throw ConfigError(where, "\"" + url +
                                 "\" is not an endpoint: write https://HOST, https://HOST:PORT, or "
                                 "http://HOST:PORT for cleartext HTTP/2");
}

std::uint16_t parse_port(std::string_view text, const std::string& url, const std::string& where) {
    std::uint16_t port = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    if (read.ec != std::errc{} || read.ptr != end || port == 0) refuse(url, where);
    return port;
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
    endpoint.port = default_port;
    const auto host_end = rest.starts_with('[') ? rest.find(']') : rest.find(':');
    if (rest.starts_with('[')) {
        if (host_end == std::string_view::npos) refuse(url, where);
        endpoint.host = rest.substr(1, host_end - 1);
        rest.remove_prefix(host_end + 1);
    } else {
        endpoint.host = rest.substr(0, host_end);
        rest.remove_prefix(endpoint.host.size());
    }
    if (!rest.empty()) {
        if (rest.front() != ':') refuse(url, where);
        endpoint.port = parse_port(rest.substr(1), url, where);
    }
    if (endpoint.host.empty() || endpoint.host.find_first_of("/?#@ []") != std::string::npos)
        refuse(url, where);

    const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
    endpoint.authority = is_ipv6 ? "[" + endpoint.host + "]" : endpoint.host;
    if (endpoint.port != default_port) endpoint.authority += ":" + std::to_string(endpoint.port);
    return endpoint;
}

}  // namespace dispatcher::http2
