#include "engine/address_binder.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "audience/row_check.h"
#include "base/error.h"

namespace dispatcher {
namespace {

/// Of fewer devices a share says nothing, unless so many are gone, or none may be.
constexpr std::size_t kShareOf = 100;
constexpr std::size_t kGoneOfFew = 10;

}  // namespace

std::vector<std::string> address_columns(std::span<const GatewayType* const> types) {
    std::vector<std::string> columns;
    for (const auto* type : types)
        for (auto& name : type->token_columns())
            if (std::find(columns.begin(), columns.end(), name) == columns.end())
                columns.push_back(std::move(name));
    columns.emplace_back("registered_at");
    return columns;
}

void BoundAddresses::put(const Addresses& addresses, const std::vector<std::size_t>& places,
                         std::size_t device, std::vector<std::string_view>& values) {
    if (!addresses.has(device)) return;
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (values.size() <= places[i]) values.resize(places[i] + 1);
        values[places[i]] = addresses.value(device, i);
    }
}

void LookUpCounts::add(const LookUpCounts& other) {
    asked += other.asked;
    missing += other.missing;
    unusable += other.unusable;
    if (problem.empty()) problem = other.problem;
}

bool LookUpCounts::is_over(double max_gone) const {
    return static_cast<double>(gone()) > static_cast<double>(asked) * max_gone;
}

bool LookUpCounts::is_suspicious(double max_gone) const {
    const bool is_telling = asked >= kShareOf || gone() >= kGoneOfFew || max_gone <= 0;
    return is_telling && is_over(max_gone);
}

std::string to_text(const LookUpCounts& counts) {
    auto text = fmt::format("of {} devices that were looked up {} are not there", counts.asked,
                            counts.missing);
    if (counts.unusable > 0)
        text += fmt::format(", {} have no usable address (the first: {})", counts.unusable,
                            counts.problem);
    return text;
}

std::string suspicion(const std::string& where, const LookUpCounts& counts, double max_gone) {
    return fmt::format(
        "{}: {}; more than the {:g}% of max_gone, so the query or its table is "
        "taken to be wrong, and nobody was skipped; raise max_gone where they are gone indeed",
        where, to_text(counts), max_gone * 100);
}

AddressBinder::AddressBinder(AddressBook& book, const GatewayType& type,
                             std::vector<std::string> columns,
                             std::vector<std::string> address_columns)
    : book_(book),
      type_(type),
      columns_(std::move(columns)),
      address_columns_(std::move(address_columns)),
      token_columns_(type.token_columns(), columns_) {}

AddressBinder::Found AddressBinder::look_up(std::span<const std::string_view> appids) {
    Found found;
    found.addresses = book_.look_up(appids);
    find_places(found.addresses.columns);
    auto& counts = found.counts;
    counts.asked = appids.size();
    counts.problem = found.addresses.problem;
    for (std::size_t i = 0; i < appids.size(); ++i) {
        if (!found.addresses.has(i)) {
            ++counts.missing;
            found.gone.push_back(i);
        } else if (auto problem = problem_of(found.addresses, i)) {
            ++counts.unusable;
            if (counts.problem.empty()) counts.problem = std::move(*problem);
            found.gone.push_back(i);
        }
    }
    return found;
}

/// Everything that a query gives must be part of an address: what else is said to a device is
/// sealed.
void AddressBinder::find_places(const std::vector<std::string>& found) {
    if (found == found_columns_ && !places_.empty()) return;
    const auto is_in = [](const auto& names, std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const auto& name : type_.token_columns())
        if (type_.needs_token() && !is_in(found, name))
            throw ConfigError(
                book_.where(),
                fmt::format("the query gives no column `{}`, which {} needs", name, type_.name()));
    places_.clear();
    for (const auto& name : found) {
        if (!is_in(address_columns_, name))
            throw ConfigError(
                book_.where(),
                fmt::format("the query gives `{}`, which is sealed with the audience: only appid "
                            "and {} can be looked up later",
                            name, fmt::join(address_columns_, ", ")));
        places_.push_back(column_index(columns_, name));
    }
    found_columns_ = found;
}

std::optional<std::string> AddressBinder::problem_of(const Addresses& addresses,
                                                     std::size_t device) {
    if (!type_.needs_token()) return std::nullopt;
    values_.clear();
    BoundAddresses::put(addresses, places_, device, values_);
    const auto token = token_columns_.token_of(values_);
    if (token.empty()) return "the token is missing";
    return type_.token_problem(token);
}

}  // namespace dispatcher
