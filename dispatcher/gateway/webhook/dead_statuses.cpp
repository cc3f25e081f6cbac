#include "gateway/webhook/dead_statuses.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/trimmed.h"

namespace dispatcher::webhook {
namespace {

constexpr unsigned kGone = 410;
/// Not about the device, ambiguous, or to be tried again.
constexpr std::array kTaken = {401U, 408U, 409U, 421U, 422U, 425U, 429U};

/// Calls `take` with each piece between commas.
template <class Take>
void for_each_piece(std::string_view text, Take&& take) {
    if (trimmed(text, " ").empty()) return;
    for (;;) {
        const auto comma = text.find(',');
        take(trimmed(text.substr(0, comma), " "));
        if (comma == text.npos) return;
        text.remove_prefix(comma + 1);
    }
}

/// 0 for what is no number.
unsigned number_of(std::string_view piece) {
    unsigned number = 0;
    const auto* end = piece.data() + piece.size();
    const auto read = std::from_chars(piece.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end ? number : 0;
}

}  // namespace

std::optional<std::string> DeadStatuses::problem(std::string_view text) {
    std::optional<std::string> found;
    for_each_piece(text, [&found](std::string_view piece) {
        if (found) return;
        const auto status = number_of(piece);
        if (status < 400 || status > 499)
            found =
                fmt::format("'{}' is no status from 400 to 499; write 404, or \"403, 404\"", piece);
        else if (std::find(kTaken.begin(), kTaken.end(), status) != kTaken.end())
            found = fmt::format("{} cannot mean a dead device: the contract needs it", status);
    });
    return found;
}

DeadStatuses::DeadStatuses(std::string_view text) {
    for_each_piece(text, [this](std::string_view piece) {
        if (const auto status = number_of(piece); status != kGone) statuses_.push_back(status);
    });
}

bool DeadStatuses::contains(unsigned status) const {
    return std::find(statuses_.begin(), statuses_.end(), status) != statuses_.end();
}

}  // namespace dispatcher::webhook
