#pragma once

#include <cstdint>

#include "gateway/gateway.h"

namespace dispatcher {

/// Where a ticket's row is: the place of its open claim, the claim's serial there, and the row.
struct SentRow {
    std::size_t open = 0;      ///< < 2^16
    std::uint32_t serial = 0;  ///< an older claim's ticket is recognised by it
    std::uint32_t row = 0;     ///< < 2^16

    [[nodiscard]] Ticket ticket() const {
        return static_cast<Ticket>(serial) << 32 | static_cast<Ticket>(open) << 16 | row;
    }
    static SentRow of(Ticket ticket) {
        return {ticket >> 16 & 0xFFFF, static_cast<std::uint32_t>(ticket >> 32),
                static_cast<std::uint32_t>(ticket & 0xFFFF)};
    }
};

}  // namespace dispatcher
