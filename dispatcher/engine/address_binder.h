#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audience/addresses.h"
#include "audience/chunk_block.h"
#include "campaign/token_columns.h"
#include "engine/bound_addresses.h"
#include "gateway/gateway_type.h"

namespace dispatcher {

/// The columns that `audience.refresh` may give besides appid, for a campaign over these gateways.
std::vector<std::string> address_columns(std::span<const GatewayType* const> types);

/// How a look-up answered.
struct LookUpCounts {
    std::size_t asked = 0;
    std::size_t missing = 0;   ///< the source has no such device
    std::size_t unusable = 0;  ///< its address is none that the gateway takes
    std::string problem;       ///< of the first that is unusable, for people

    [[nodiscard]] std::size_t gone() const { return missing + unusable; }
    void add(const LookUpCounts& other);
    /// Whether more than the share `max_gone` are gone, of however few.
    [[nodiscard]] bool is_over(double max_gone) const;
    /// Whether so many are gone that the query must be wrong, or its table half empty: more than
    /// the share, and enough devices to tell.
    [[nodiscard]] bool is_suspicious(double max_gone) const;
};

/// What a suspicious answer means and what can be done, for people. `where`: AddressBook::where().
std::string suspicion(const std::string& where, const LookUpCounts& counts, double max_gone);

/// "of 1000 devices that were looked up 612 are not there, 3 have no usable address (…)".
std::string to_text(const LookUpCounts& counts);

/// Binds recipients to the addresses that a source has for them now: `audience.refresh`, for one
/// gateway. What identifies a device is sealed, where it is found is not. One thread.
class AddressBinder {
  public:
    /// Look-ups ask for at least so many where there are as many, so that the answer can be judged.
    static constexpr std::size_t kJudgedMin = 200;

    /// `columns` are those of the audience, `address_columns` those that may be looked up: of every
    /// gateway of the campaign. `book` and `type` outlive the binder.
    AddressBinder(AddressBook& book, const GatewayType& type, std::vector<std::string> columns,
                  std::vector<std::string> address_columns);

    /// What was found of some devices.
    struct Found {
        Addresses addresses;
        std::vector<std::size_t> gone;  ///< by place in the question, ascending
        LookUpCounts counts;
    };
    /// `appids` as for AddressBook::look_up(), which also says what is thrown; and ConfigError
    /// where the query gives other columns than addresses.
    Found look_up(std::span<const std::string_view> appids);

    [[nodiscard]] const std::string& where() const { return book_.where(); }
    /// The audience's column of each column that is looked up; after a look_up().
    [[nodiscard]] const std::vector<std::size_t>& places() const { return places_; }

  private:
    void find_places(const std::vector<std::string>& found);
    [[nodiscard]] std::optional<std::string> problem_of(const Addresses& addresses,
                                                        std::size_t device);

    AddressBook& book_;
    const GatewayType& type_;
    std::vector<std::string> columns_;
    std::vector<std::string> address_columns_;
    TokenColumns token_columns_;
    std::vector<std::string> found_columns_;
    std::vector<std::size_t> places_;
    std::vector<std::string_view> values_;
};

}  // namespace dispatcher
