#include "engine/simulated_source.h"

#include "base/error.h"

namespace dispatcher {

Addresses SimulatedSource::look_up(std::span<const std::string_view> appids) {
    using std::chrono::milliseconds;
    world_.tick(life_);
    world_.sleep(world_.between(milliseconds(0), weather_.latency));
    if (world_.chance(weather_.away)) {
        world_.count("source unreachable");
        throw UnavailableError("the source is away");
    }
    Addresses found(appids.size());
    found.columns = {"token"};
    for (std::size_t i = 0; i < appids.size(); ++i) {
        if (is_gone(appids[i])) continue;
        const bool is_shifted = mistake_ == Mistake::addresses_shifted;
        const auto address = address_of(appids[is_shifted ? (i + 1) % appids.size() : i]);
        const std::string_view values[] = {address};
        found.set(i, values);
    }
    world_.tick(life_);
    return found;
}

bool SimulatedSource::is_gone(std::string_view appid) {
    constexpr unsigned kOneIn = 10;
    return !appid.empty() && static_cast<unsigned>(appid.back()) % kOneIn == 3;
}

std::string SimulatedSource::address_of(std::string_view appid) {
    return "now at " + std::string(appid);
}

}  // namespace dispatcher
