#include "campaign/token_columns.h"

#include <algorithm>

namespace dispatcher {

TokenColumns::TokenColumns(std::vector<std::string> names,
                           const std::vector<std::string>& columns) {
    for (auto& name : names) {
        const auto found = std::find(columns.begin(), columns.end(), name);
        places_.push_back(static_cast<std::size_t>(found - columns.begin()));
        if (found == columns.end()) missing_.push_back(std::move(name));
    }
}

std::string_view TokenColumns::token_of(const std::vector<std::string_view>& values) {
    const auto value_at = [&values](std::size_t place) {
        return place < values.size() ? values[place] : std::string_view();
    };
    if (places_.size() == 1) return value_at(places_.front());
    joined_.clear();
    for (const auto place : places_) {
        if (place != places_.front()) joined_ += ' ';
        joined_ += value_at(place);
    }
    return joined_;
}

}  // namespace dispatcher
