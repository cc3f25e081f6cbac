#include "audience/row_values.h"

#include <cstring>

#include "audience/varint.h"

namespace dispatcher {
namespace {

std::size_t count_without_trailing_empties(const std::vector<std::string_view>& values) {
    auto count = values.size();
    while (count > 0 && values[count - 1].empty())
        --count;
    return count;
}

}  // namespace

std::size_t values_size(const std::vector<std::string_view>& values) {
    std::size_t bytes = 0;
    const auto count = count_without_trailing_empties(values);
    for (std::size_t i = 0; i < count; ++i)
        bytes += varint_size(static_cast<std::uint32_t>(values[i].size())) + values[i].size();
    return bytes;
}

char* put_values(char* out, const std::vector<std::string_view>& values) {
    const auto count = count_without_trailing_empties(values);
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = values[i];
        out = put_varint(out, static_cast<std::uint32_t>(value.size()));
        if (value.empty()) continue;
        std::memcpy(out, value.data(), value.size());
        out += value.size();
    }
    return out;
}

bool are_values(std::string_view bytes) {
    const char* in = bytes.data();
    const char* const end = in + bytes.size();
    std::uint32_t length = 1;
    while (in < end) {
        in = check_varint(in, end, length);
        if (in == nullptr || static_cast<std::size_t>(end - in) < length) return false;
        in += length;
    }
    return length > 0;
}

void split_values(std::string_view bytes, std::vector<std::string_view>& values) {
    values.clear();
    const char* in = bytes.data();
    const char* const end = in + bytes.size();
    while (in < end) {
        std::uint32_t length = 0;
        in = take_varint(in, length);
        values.emplace_back(in, length);
        in += length;
    }
}

std::string_view value_at(std::string_view bytes, std::size_t column) {
    const char* in = bytes.data();
    const char* const end = in + bytes.size();
    while (in < end) {
        std::uint32_t length = 0;
        in = take_varint(in, length);
        if (column-- == 0) return {in, length};
        in += length;
    }
    return {};
}

}  // namespace dispatcher
