#include "audience/text_check.h"

#include <cstdint>
#include <cstring>

#include "base/encoding.h"

namespace dispatcher {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
constexpr std::uint64_t kTops = 0x8080'8080'8080'8080;

std::uint64_t load(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

/// Top bits set where a byte is not printable ASCII (false alarms only beside a true one): below
/// 0x20 the subtraction borrows, at 0x7f the addition carries, and from 0x80 on the bit is there.
std::uint64_t find_unprintable(std::uint64_t word) {
    return ((word - kOnes * 0x20) | (word + kOnes) | word) & kTops;
}

}  // namespace

bool is_ascii(std::string_view text) {
    const char* in = text.data();
    auto left = text.size();
    std::uint64_t seen = 0;
    for (; left >= 8; left -= 8, in += 8)
        seen |= load(in);
    for (; left > 0; --left)
        seen |= static_cast<unsigned char>(*in++);
    return (seen & kTops) == 0;
}

bool is_printable_ascii(std::string_view text) {
    const char* in = text.data();
    auto left = text.size();
    std::uint64_t found = 0;
    for (; left >= 8; left -= 8, in += 8)
        found |= find_unprintable(load(in));
    for (; left > 0; --left)
        found |= find_unprintable(kOnes * static_cast<unsigned char>(*in++));
    return found == 0;
}

bool is_valid_text(std::string_view text) {
    return is_ascii(text) || is_utf8(text);
}

}  // namespace dispatcher
