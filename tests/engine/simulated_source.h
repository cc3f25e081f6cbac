#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "audience/addresses.h"
#include "engine/simulated_world.h"
#include "engine/simulation_mistake.h"

namespace dispatcher {

/// What becomes of look-ups.
struct SourceWeather {
    double away = 0;                       ///< it cannot be reached
    std::chrono::milliseconds latency{0};  ///< of an answer, at most
};

/// Where devices are found now, when a campaign does not send to the addresses that were sealed.
class SimulatedSource final : public AddressBook {
  public:
    SimulatedSource(World& world, const SourceWeather& weather, ProcessLife& life, Mistake mistake)
        : world_(world), weather_(weather), life_(life), mistake_(mistake) {}

    Addresses look_up(std::span<const std::string_view> appids) override;
    [[nodiscard]] const std::string& where() const override { return where_; }

    /// Whether it knows no such device.
    static bool is_gone(std::string_view appid);
    static std::string address_of(std::string_view appid);

  private:
    World& world_;
    const SourceWeather& weather_;
    ProcessLife& life_;
    const Mistake mistake_;
    const std::string where_ = "the simulated source";
};

}  // namespace dispatcher
