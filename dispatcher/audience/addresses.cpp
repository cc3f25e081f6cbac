#include "audience/addresses.h"

namespace dispatcher {

void Addresses::set(std::size_t device, std::span<const std::string_view> values) {
    auto& found = found_[device];
    if (found.is_there) return;
    found = {true, static_cast<std::uint32_t>(ends_.size())};
    for (const auto value : values) {
        text_ += value;
        ends_.push_back(static_cast<std::uint32_t>(text_.size()));
    }
}

std::string_view Addresses::value(std::size_t device, std::size_t column) const {
    const auto at = found_[device].first + column;
    const auto begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view(text_).substr(begin, ends_[at] - begin);
}

}  // namespace dispatcher
