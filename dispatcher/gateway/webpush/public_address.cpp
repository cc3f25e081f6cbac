#include "gateway/webpush/public_address.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include <netinet/in.h>

namespace dispatcher::webpush {
namespace {

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) {
    return a << 24 | b << 16 | c << 8 | d;
}

struct Network4 {
    std::uint32_t start;
    unsigned bits;
};

constexpr std::array kNotPublic4 = {
    Network4{v4(0, 0, 0, 0), 8},        // this network
    Network4{v4(10, 0, 0, 0), 8},       // private
    Network4{v4(100, 64, 0, 0), 10},    // carriers' NAT
    Network4{v4(127, 0, 0, 0), 8},      // loopback
    Network4{v4(169, 254, 0, 0), 16},   // link-local, clouds' metadata
    Network4{v4(172, 16, 0, 0), 12},    // private
    Network4{v4(192, 0, 0, 0), 24},     // protocol assignments
    Network4{v4(192, 0, 2, 0), 24},     // documentation
    Network4{v4(192, 88, 99, 0), 24},   // 6to4 relays
    Network4{v4(192, 168, 0, 0), 16},   // private
    Network4{v4(198, 18, 0, 0), 15},    // benchmarks
    Network4{v4(198, 51, 100, 0), 24},  // documentation
    Network4{v4(203, 0, 113, 0), 24},   // documentation
    Network4{v4(224, 0, 0, 0), 4},      // multicast
    Network4{v4(240, 0, 0, 0), 4},      // reserved, broadcast
};

bool is_public4(std::uint32_t address) {
    return std::none_of(kNotPublic4.begin(), kNotPublic4.end(), [address](const Network4& network) {
        return (address ^ network.start) >> (32 - network.bits) == 0;
    });
}

using Address6 = std::span<const std::uint8_t, 16>;

struct Network6 {
    std::array<std::uint8_t, 6> start;
    unsigned bits;
};

/// Inside 2000::/3, where everything public is.
constexpr std::array kNotPublic6 = {
    Network6{{0x20, 0x01, 0x00}, 23},        // protocol assignments, Teredo among them
    Network6{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    Network6{{0x20, 0x02}, 16},              // 6to4: embeds any IPv4 address
    Network6{{0x3f, 0xff, 0x00}, 20},        // documentation
};

bool is_within(Address6 address, const Network6& network) {
    for (unsigned bit = 0; bit < network.bits; ++bit) {
        const auto mask = 0x80U >> bit % 8;
        if (((address[bit / 8] ^ network.start.at(bit / 8)) & mask) != 0) return false;
    }
    return true;
}

bool is_public6(Address6 address) {
    constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b};
    if (std::equal(kNat64.begin(), kNat64.end(), address.begin()))
        return is_public4(v4(address[12], address[13], address[14], address[15]));
    if (address[0] >> 5 != 1) return false;
    return std::none_of(kNotPublic6.begin(), kNotPublic6.end(),
                        [address](const Network6& network) { return is_within(address, network); });
}

}  // namespace

bool is_public(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        sockaddr_in given{};
        std::memcpy(&given, &address, sizeof given);
        return is_public4(ntohl(given.sin_addr.s_addr));
    }
    if (address.ss_family != AF_INET6) return false;
    sockaddr_in6 given{};
    std::memcpy(&given, &address, sizeof given);
    return is_public6(Address6(given.sin6_addr.s6_addr));
}

}  // namespace dispatcher::webpush
