#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "campaign/dead_device.h"

namespace dispatcher {

/// One request to whoever keeps the device tokens: what a campaign learnt about some of them.
struct Notice {
    std::string body;  ///< JSON
    /// Says of a repeated request that it is one: it follows from the body alone, so that every
    /// attempt bears the same, and no other notice does.
    std::string idempotency_key;
    std::size_t devices = 0;
};

/// `{"campaign":…,"gateway":…,"dead":[{"appid":…,"token":…,"reason":…,"at":"…Z"}]}`; a token that
/// there is not is null. Pure.
Notice make_notice(const std::string& campaign, const std::string& gateway,
                   std::span<const DeadDevice> devices);

}  // namespace dispatcher
