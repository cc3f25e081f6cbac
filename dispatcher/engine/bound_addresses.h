#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/addresses.h"
#include "engine/device_tokens.h"

namespace dispatcher {

/// The addresses that the recipients of one claim had shortly before it, by their slot in its
/// batch; they take the place of those which were sealed. Immutable; from any thread.
class BoundAddresses {
  public:
    /// `places`: for each column of `addresses`, which column of the audience it replaces.
    BoundAddresses(Addresses addresses, std::vector<std::size_t> places, DeadRows dead)
        : addresses_(std::move(addresses)), places_(std::move(places)), dead_(std::move(dead)) {}

    /// Puts the addresses of a recipient among its values, which become views of `addresses`; of
    /// one that is not there, none.
    static void put(const Addresses& addresses, const std::vector<std::size_t>& places,
                    std::size_t device, std::vector<std::string_view>& values);
    void put(std::size_t slot, std::vector<std::string_view>& values) const {
        put(addresses_, places_, slot, values);
    }
    /// By slot: whose token is known to be dead.
    [[nodiscard]] const DeadRows& dead() const { return dead_; }

  private:
    Addresses addresses_;
    std::vector<std::size_t> places_;
    DeadRows dead_;
};

}  // namespace dispatcher
