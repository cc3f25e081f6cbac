#include "base/host_name.h"

#include <algorithm>
#include <charconv>

namespace dispatcher {
namespace {

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kLabelMax = 63;
constexpr std::size_t kIpv6Max = 45;

bool is_bracketed(std::string_view text) {
    return text.size() >= 2 && text.front() == '[' && text.back() == ']';
}

bool is_letter_or_digit(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= kLabelMax &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

bool is_ipv6(std::string_view text) {
    return text.size() >= 2 && text.size() <= kIpv6Max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
                      c == ':' || c == '.';
           });
}

}  // namespace

bool is_host(std::string_view text) {
    if (is_bracketed(text)) return is_ipv6(text.substr(1, text.size() - 2));
    if (text.ends_with('.')) text.remove_suffix(1);  // the root's dot
    if (text.size() > kNameMax) return false;
    for (auto dot = text.find('.'); dot != text.npos; dot = text.find('.')) {
        if (!is_label(text.substr(0, dot))) return false;
        text.remove_prefix(dot + 1);
    }
    return is_label(text);
}

std::optional<std::uint16_t> parse_port(std::string_view text, std::uint16_t least) {
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    std::uint16_t port = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    if (read.ec != std::errc{} || read.ptr != end || port < least) return std::nullopt;
    return port;
}

std::string_view Authority::host_name() const {
    return is_bracketed(host) ? host.substr(1, host.size() - 2) : host;
}

std::optional<Authority> parse_authority(std::string_view text, std::uint16_t least_port) {
    const auto bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == text.npos) return std::nullopt;
    const auto colon = text.find(':', bracket);
    Authority authority{text.substr(0, colon), std::nullopt};
    if (!is_host(authority.host)) return std::nullopt;
    if (colon == text.npos) return authority;
    authority.port = parse_port(text.substr(colon + 1), least_port);
    return authority.port ? std::optional(authority) : std::nullopt;
}

}  // namespace dispatcher
