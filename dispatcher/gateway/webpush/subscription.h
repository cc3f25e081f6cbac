#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dispatcher::webpush {

inline constexpr std::size_t kPointBytes = 65;
inline constexpr std::size_t kAuthBytes = 16;

/// The keys that a page's subscription has, decoded.
struct SubscriptionKeys {
    std::array<std::uint8_t, kPointBytes> p256dh{};
    std::array<std::uint8_t, kAuthBytes> auth{};
};

/// A push subscription, as a browser gave it to a page. Its device token is `endpoint p256dh auth`,
/// with one space between them. Views into that text.
struct Subscription {
    std::string_view endpoint;
    std::string_view authority;  ///< host, with the port where it is not 443
    std::string_view path;       ///< with the query
    SubscriptionKeys keys;

    /// Reads a device token. What is wrong with it, in words that quote nothing of it (an endpoint
    /// is a secret); empty, and `out` is filled, if all is well. Whether p256dh is a point of the
    /// curve is not looked at.
    static std::string_view parse(std::string_view token, Subscription& out);
};

}  // namespace dispatcher::webpush
