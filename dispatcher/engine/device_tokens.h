#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audience/chunk_block.h"
#include "base/clock.h"
#include "campaign/campaign.h"
#include "campaign/reason.h"
#include "gateway/gateway_type.h"
#include "store/store_session.h"

namespace dispatcher {

/// Where the rows of an audience have their device token, and the name by which the store remembers
/// that it is dead: a hash of the store, the gateway's target and the token. A token that is dead
/// for one target says nothing about another. Immutable; from any thread.
class DeviceTokens {
  public:
    /// Rows without tokens: nothing is remembered of them.
    DeviceTokens() = default;
    /// `store_id` is Store::store_id(), `gateway` as it is sent to (Settings::expected()).
    DeviceTokens(std::string store_id, const SealedGateway& gateway, const GatewayType& type,
                 const std::vector<std::string>& columns);

    /// What tells this device from others, of a row's values; "" where it has none.
    [[nodiscard]] std::string_view token_of(std::span<const std::string_view> values) const;
    /// The name of a row's token, 32 bytes; "" where it has none.
    [[nodiscard]] std::string mark_of(std::span<const std::string_view> values) const;
    /// When the app says that it got the token: the column `registered_at`, RFC 3339 or
    /// milliseconds since 1970. Nothing where it is missing, or is neither.
    [[nodiscard]] std::optional<WallTime> registered_at(
        std::span<const std::string_view> values) const;

  private:
    std::string key_;
    std::string target_;
    std::optional<std::size_t> token_column_;
    std::optional<std::size_t> registered_column_;
};

/// RFC 3339 ("2027-03-01T09:00:00Z", with any offset and fraction) or milliseconds since 1970;
/// nothing if the text is neither. Pure.
std::optional<WallTime> read_registration_time(std::string_view text);

/// Whether a value of `registered_at` is not empty and yet no time of a registration: neither of
/// the two forms, or before 1973, which are seconds in place of milliseconds. Pure.
bool is_doubtful_registration_time(std::string_view text);

/// What that means for `doubtful` of `devices`, and what can be done, for people.
std::string doubtful_times_sentence(std::uint64_t doubtful, std::uint64_t devices);

/// A token's mark, and a number of whoever asks about it.
using NumberedMark = std::pair<std::string, std::uint32_t>;
/// Marks of one question: what a session takes in one call.
inline constexpr std::size_t kMarksMax = 1000;

/// Calls `visit` for each of these, at most kMarksMax, whose token is known to be dead, by number;
/// several may have the same mark. Sorts them.
void for_each_known_dead(StoreSession& session, std::vector<NumberedMark>& marks,
                         const std::function<void(std::uint32_t, const DeadToken&)>& visit);

/// Rows whose device token is dead, and why the gateway said so.
using DeadRows = std::unordered_map<std::uint32_t, Reason>;
/// Gives the values of a row; views live until the next call.
using RowValues = std::function<void(std::uint32_t row, std::vector<std::string_view>& values)>;

/// Those of `rows` that are not to be sent to: their token is known to be dead, and was not
/// registered later than that. One short read where the store knows of no dead token at all.
DeadRows find_dead_rows(StoreSession& session, const DeviceTokens& tokens,
                        std::span<const std::uint32_t> rows, const RowValues& values_of);

}  // namespace dispatcher
