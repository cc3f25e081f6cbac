#include "base/http_url.h"

#include <algorithm>

#include "base/host_name.h"
#include "base/invariant.h"

namespace dispatcher {
namespace {

/// Where host and port end: at the path or the query.
std::size_t authority_end(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return text.size();
    return std::min(text.find_first_of("/?#", scheme_end + 3), text.size());
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/// Each % begins two hexadecimal digits.
bool is_percent_encoded(std::string_view text) {
    for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
        if (text.size() < at + 3 || !is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2]))
            return false;
    return true;
}

bool is_visible(char c) {
    return c > 0x20 && c < 0x7f;
}

}  // namespace

std::optional<std::string> HttpUrl::problem(std::string_view text) {
    const auto scheme = text.starts_with("https://") ? 8U : text.starts_with("http://") ? 7U : 0U;
    const auto path_at = authority_end(text);
    const auto path = text.substr(path_at);
    const bool is_good = scheme != 0 && parse_authority(text.substr(scheme, path_at - scheme)) &&
                         path.find('#') == std::string_view::npos &&
                         std::all_of(path.begin(), path.end(), is_visible) &&
                         is_percent_encoded(path);
    if (is_good) return std::nullopt;
    return "must be https://HOST[:PORT]/PATH, or http:// for cleartext, with other characters "
           "percent-encoded (%20) and without a password or a fragment";
}

HttpUrl HttpUrl::parse(const std::string& text) {
    const auto path_at = authority_end(text);
    HttpUrl url;
    url.origin = text.substr(0, path_at);
    url.is_tls = text.starts_with("https://");
    const auto written = url.authority();
    const auto authority = parse_authority(written);
    invariant(authority.has_value(), "a URL without problem names a host");
    url.host = authority->host_name();
    constexpr std::uint16_t kHttp = 80;
    constexpr std::uint16_t kHttps = 443;
    url.port = authority->port.value_or(url.is_tls ? kHttps : kHttp);
    if (path_at < text.size()) url.path = text.substr(path_at);
    if (url.path.front() != '/') url.path.insert(0, "/");
    return url;
}

}  // namespace dispatcher
