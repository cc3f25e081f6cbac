#pragma once

#include <chrono>
#include <cstdint>

namespace dispatcher::http2 {

/// How long to wait after the n-th failure in a row (n ≥ 1) before connecting again: doubles from
/// kFirst to kMax and is shortened by up to a half with `random`, so that many processes do not
/// knock together. Gateways count rapid reconnects as an attack.
struct ReconnectDelay {
    static constexpr std::chrono::milliseconds kFirst{200};
    static constexpr std::chrono::milliseconds kMax{30'000};

    static constexpr std::chrono::milliseconds after(unsigned failures, std::uint64_t random) {
        auto delay = kFirst;
        for (unsigned i = 1; i < failures && delay < kMax; ++i)
            delay *= 2;
        if (delay > kMax) delay = kMax;
        constexpr std::uint64_t kSteps = 1024;
        return delay / 2 + delay / 2 * static_cast<std::int64_t>(random % kSteps) / kSteps;
    }
};

}  // namespace dispatcher::http2
