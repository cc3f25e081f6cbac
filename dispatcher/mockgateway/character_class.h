#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dispatcher::mock {

/// Sets of bytes, by table: every request has some 500 characters to be checked.
enum class CharacterClass : std::uint8_t {
    digit = 1,
    lower_hex = 2,
    hex = 4,
    topic = 8,        ///< letters, digits, '.', '-', '_'
    printable = 16,   ///< ASCII, space to tilde
    json_plain = 32,  ///< ASCII that stands for itself inside a JSON string
};

namespace detail {

constexpr std::uint8_t classes_of(unsigned char c) {
    const auto within = [c](char first, char last) { return c >= first && c <= last; };
    const auto when = [](bool is, CharacterClass set) {
        return is ? static_cast<unsigned>(set) : 0U;
    };
    const bool digit = within('0', '9');
    const bool lower_hex = digit || within('a', 'f');
    const bool name =
        digit || within('a', 'z') || within('A', 'Z') || c == '.' || c == '-' || c == '_';
    const bool printable = within(' ', '~');
    return static_cast<std::uint8_t>(
        when(digit, CharacterClass::digit) | when(lower_hex, CharacterClass::lower_hex) |
        when(lower_hex || within('A', 'F'), CharacterClass::hex) |
        when(name, CharacterClass::topic) | when(printable, CharacterClass::printable) |
        when((printable && c != '"' && c != '\\') || c == 0x7F, CharacterClass::json_plain));
}

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (unsigned c = 0; c < classes.size(); ++c)
        classes[c] = classes_of(static_cast<unsigned char>(c));
    return classes;
}

inline constexpr auto kClasses = make_classes();

}  // namespace detail

inline bool is_in(CharacterClass set, char c) {
    return (detail::kClasses[static_cast<unsigned char>(c)] & static_cast<unsigned>(set)) != 0;
}

inline bool all_in(CharacterClass set, std::string_view text) {
    unsigned common = 0xFF;
    for (const char c : text)
        common &= detail::kClasses[static_cast<unsigned char>(c)];
    return (common & static_cast<unsigned>(set)) != 0;
}

}  // namespace dispatcher::mock
