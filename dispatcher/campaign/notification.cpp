#include "campaign/notification.h"

#include <algorithm>

#include "base/encoding.h"

namespace dispatcher {

NotificationKey::NotificationKey(std::string_view campaign, std::string_view appid) {
    thread_local Sha256 hasher;
    const auto hash = hasher.update(campaign).update({"\0", 1}).update(appid).finish();

    constexpr char kHex[] = "0123456789abcdef";
    constexpr std::array<std::size_t, 4> kDashesBefore{4, 6, 8, 10};
    char* out = id_.data();
    for (std::size_t i = 0; i < 16; ++i) {
        if (std::find(kDashesBefore.begin(), kDashesBefore.end(), i) != kDashesBefore.end())
            *out++ = '-';
        auto byte = hash[i];
        // Version 8 (custom) and variant 10, RFC 9562 §5.8: some readers insist on valid UUIDs.
        if (i == 6) byte = static_cast<std::uint8_t>((byte & 0x0F) | 0x80);
        if (i == 8) byte = static_cast<std::uint8_t>((byte & 0x3F) | 0x80);
        *out++ = kHex[byte >> 4];
        *out++ = kHex[byte & 15];
    }
    const auto text = to_base64url(hash);
    std::copy(text.begin(), text.end(), collapse_.begin());
}

}  // namespace dispatcher
