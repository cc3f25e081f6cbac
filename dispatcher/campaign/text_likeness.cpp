#include "campaign/text_likeness.h"

#include <algorithm>
#include <iterator>

namespace dispatcher {
namespace {

constexpr std::size_t kShingleCharacters = 3;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A blank for whatever separates words; bytes beyond ASCII are parts of words.
char folded(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    const bool is_word =
        (c >= 'a' && c <= 'z') || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
    return is_word ? c : ' ';
}

std::string fold(std::string_view text) {
    std::string result;
    for (const char each : text) {
        const auto c = folded(each);
        if (c == ' ' && (result.empty() || result.back() == ' ')) continue;
        result.push_back(c);
    }
    if (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
}

/// Where each character of UTF-8 text begins, and its end.
std::vector<std::size_t> character_bounds(std::string_view text) {
    std::vector<std::size_t> bounds;
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) bounds.push_back(i);
    bounds.push_back(text.size());
    return bounds;
}

}  // namespace

TextShape::TextShape(std::string_view text) : folded_(fold(text)) {
    for (std::size_t i = 0; i < folded_.size();) {
        const auto begin = i;
        while (i < folded_.size() && is_digit(folded_[i]))
            ++i;
        if (i > begin)
            numbers_.push_back(folded_.substr(begin, i - begin));
        else
            ++i;
    }
    const auto bounds = character_bounds(folded_);
    for (std::size_t i = 0; i + kShingleCharacters < bounds.size(); ++i)
        shingles_.push_back(folded_.substr(bounds[i], bounds[i + kShingleCharacters] - bounds[i]));
    std::ranges::sort(shingles_);
}

double TextShape::likeness(const TextShape& other) const {
    if (folded_ == other.folded_) return 1;
    if (numbers_ != other.numbers_) return 0;
    std::vector<std::string> common;
    std::ranges::set_intersection(shingles_, other.shingles_, std::back_inserter(common));
    const auto all = shingles_.size() + other.shingles_.size();
    if (all == 0) return 0;
    // The same runs in another order are not the same words.
    return std::min(2.0 * static_cast<double>(common.size()) / static_cast<double>(all), 0.99);
}

}  // namespace dispatcher
