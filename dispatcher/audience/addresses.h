#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// What a look-up found of the devices that it was asked for, by their place in the question.
/// Immutable once filled; views live as long as the object.
class Addresses {
  public:
    Addresses() = default;
    explicit Addresses(std::size_t devices) : found_(devices) {}

    /// The columns of the values below.
    std::vector<std::string> columns;
    /// What was wrong with the first device whose values could not be taken, for people.
    std::string problem;

    /// The first values of a device count.
    void set(std::size_t device, std::span<const std::string_view> values);
    [[nodiscard]] bool has(std::size_t device) const { return found_[device].is_there; }
    [[nodiscard]] std::size_t size() const { return found_.size(); }
    /// A value of a device that is there.
    [[nodiscard]] std::string_view value(std::size_t device, std::size_t column) const;

  private:
    struct Found {
        bool is_there = false;
        std::uint32_t first = 0;  ///< of its values, in ends_
    };
    std::vector<Found> found_;
    std::vector<std::uint32_t> ends_;  ///< of each value in text_
    std::string text_;
};

/// Port: the addresses that devices have now, for a campaign that does not send to those which were
/// sealed. One thread.
class AddressBook {
  public:
    virtual ~AddressBook() = default;
    /// `appids` are sorted, each there once, ≤ 1,000. Throws UnavailableError where it may help to
    /// ask again, ConfigError where a person must mend the query.
    virtual Addresses look_up(std::span<const std::string_view> appids) = 0;
    /// What opens an error about the query.
    [[nodiscard]] virtual const std::string& where() const = 0;
};

}  // namespace dispatcher
