#include "base/request_signature.h"

#include "base/encoding.h"
#include "base/hmac.h"

namespace dispatcher {

std::string request_signature(const Secret& secret, WallTime now, std::string_view body) {
    const auto since_epoch = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    const auto seconds = std::to_string(since_epoch.count());
    std::string text;
    text.reserve(seconds.size() + 1 + body.size());
    text.append(seconds).append(".").append(body);
    return "t=" + seconds + ",v1=" + to_hex(hmac_sha256(secret.reveal(), text));
}

}  // namespace dispatcher
