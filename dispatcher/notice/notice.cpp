#include "notice/notice.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/sha256.h"
#include "base/time_text.h"

namespace dispatcher {

Notice make_notice(const std::string& campaign, const std::string& gateway,
                   std::span<const DeadDevice> devices) {
    using nlohmann::ordered_json;
    auto dead = ordered_json::array();
    for (const auto& device : devices)
        dead.push_back(
            {{"appid", device.appid},
             {"token", device.token.empty() ? ordered_json(nullptr) : ordered_json(device.token)},
             {"reason", to_string(device.reason)},
             {"at", to_iso_text(device.at)}});
    const ordered_json document = {
        {"campaign", campaign}, {"gateway", gateway}, {"dead", std::move(dead)}};
    Notice notice;
    notice.body = document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    notice.idempotency_key =
        fmt::format("dead-tokens:{}:{}", campaign, to_hex(Sha256::of(notice.body)));
    notice.devices = devices.size();
    return notice;
}

}  // namespace dispatcher
