#include "base/host_name.h"

#include <algorithm>

namespace dispatcher {
namespace {

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kLabelMax = 63;
constexpr std::size_t kIpv6Max = 45;

bool is_letter_or_digit(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= kLabelMax &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

bool is_ipv6(std::string_view text) {
    return text.size() >= 2 && text.size() <= kIpv6Max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_letter_or_digit(c) || c == ':' || c == '.' || c == '-' || c == '_';
           });
}

}  // namespace

bool is_host(std::string_view text) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
        return is_ipv6(text.substr(1, text.size() - 2));
    if (text.ends_with('.')) text.remove_suffix(1);  // the root's dot
    if (text.size() > kNameMax) return false;
    for (auto dot = text.find('.'); dot != text.npos; dot = text.find('.')) {
        if (!is_label(text.substr(0, dot))) return false;
        text.remove_prefix(dot + 1);
    }
    return is_label(text);
}

}  // namespace dispatcher
