#include "mockgateway/request.h"

#include <algorithm>

namespace dispatcher::mock {

void Request::clear() {
    text_.clear();
    places_.clear();
    body_.clear();
    body_bytes_ = 0;
}

void Request::take_header(std::string_view name, std::string_view value) {
    const auto at = static_cast<std::uint32_t>(text_.size());
    const auto value_at = at + static_cast<std::uint32_t>(name.size());
    text_.append(name).append(value);
    places_.push_back({at, value_at, value_at + static_cast<std::uint32_t>(value.size())});
}

void Request::take_body(std::string_view bytes) {
    body_bytes_ += bytes.size();
    body_.append(bytes.substr(0, kBodyBytesKept - std::min(body_.size(), kBodyBytesKept)));
}

std::string_view Request::get(std::string_view name) const {
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (header(i).name == name) return header(i).value;
    return {};
}

std::size_t Request::count(std::string_view name) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < places_.size(); ++i)
        found += header(i).name == name ? 1U : 0U;
    return found;
}

}  // namespace dispatcher::mock
