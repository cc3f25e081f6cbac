#include "gateway/webpush/subscription.h"

#include <algorithm>
#include <span>

#include "base/host_name.h"

namespace dispatcher::webpush {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kDefaultPort = ":443";
/// Longer than any push service's; bounds what a request's path takes.
constexpr std::size_t kEndpointBytesMax = 2048;
constexpr int kNoDigit = -1;

/// Both alphabets of RFC 4648: pages hand over base64url, and many keep it as base64.
constexpr int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-' || c == '+') return 62;
    if (c == '_' || c == '/') return 63;
    return kNoDigit;
}

/// Whether `text` is exactly the bytes that `out` has room for; then they are in it.
bool decode(std::string_view text, std::span<std::uint8_t> out) {
    while (text.ends_with('='))
        text.remove_suffix(1);
    if (text.size() != (out.size() * 4 + 2) / 3) return false;
    std::uint32_t bits = 0;
    int held = 0;
    std::size_t place = 0;
    for (const char c : text) {
        const int digit = digit_of(c);
        if (digit == kNoDigit) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[place++] = static_cast<std::uint8_t>(bits >> held & 0xFF);
    }
    return true;
}

/// In lower case, as browsers write it: authorities are compared as they are.
bool is_authority(std::string_view text) {
    return parse_authority(text) &&
           std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_path(std::string_view path) {
    return path.starts_with('/') && std::all_of(path.begin(), path.end(), [](char c) {
               return c > ' ' && c < '\x7f' && c != '#' && c != '"' && c != '<' && c != '>' &&
                      c != '\\';
           });
}

std::string_view read_endpoint(std::string_view endpoint, Subscription& out) {
    if (endpoint.empty()) return "the endpoint is missing";
    if (endpoint.size() > kEndpointBytesMax) return "the endpoint is longer than 2,048 bytes";
    if (!endpoint.starts_with(kScheme)) return "the endpoint must begin with https://";
    const auto rest = endpoint.substr(kScheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    out.endpoint = endpoint;
    out.authority = rest.substr(0, slash);
    out.path = rest.substr(slash);
    if (!is_authority(out.authority))
        return "the endpoint's host is not valid: https://host/path, in lower case, as the browser "
               "gave it";
    if (!is_path(out.path)) return "the endpoint has no valid path: https://host/path";
    if (out.authority.ends_with(kDefaultPort)) out.authority.remove_suffix(kDefaultPort.size());
    return {};
}

}  // namespace

std::string_view Subscription::parse(std::string_view token, Subscription& out) {
    const auto take = [&token] {
        const auto end = std::min(token.find(' '), token.size());
        const auto part = token.substr(0, end);
        token.remove_prefix(std::min(end + 1, token.size()));
        return part;
    };
    const auto endpoint = take();
    const auto p256dh = take();
    const auto auth = take();
    if (const auto problem = read_endpoint(endpoint, out); !problem.empty()) return problem;
    if (p256dh.empty()) return "p256dh, the subscription's public key, is missing";
    constexpr std::uint8_t kUncompressed = 4;
    if (!decode(p256dh, out.keys.p256dh) || out.keys.p256dh.front() != kUncompressed)
        return "p256dh is not an uncompressed point: 65 bytes in base64url, 87 characters that "
               "begin with B";
    if (auth.empty()) return "auth, the subscription's secret, is missing";
    if (!decode(auth, out.keys.auth))
        return "auth is not 16 bytes in base64url, which are 22 characters";
    if (!token.empty()) return "there is something behind auth";
    return {};
}

}  // namespace dispatcher::webpush
