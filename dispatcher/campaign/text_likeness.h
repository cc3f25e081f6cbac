#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// Two texts that are at least this much alike say the same: a typo was mended, a word was put in.
inline constexpr double kNearText = 0.9;

/// A text as it is compared with others: letter case of ASCII, punctuation of ASCII and the width
/// of blanks do not count. Immutable; memory is some bytes for each character.
class TextShape {
  public:
    explicit TextShape(std::string_view text);

    /// From 0 to 1: the share of runs of three characters that both have (Dice's coefficient; a
    /// changed letter of a text of n costs 3/n). 1 only for the same words. 0 where the numbers in
    /// the two differ: "30 % off" after "20 % off", or day 2 of 5, is news and no repetition.
    [[nodiscard]] double likeness(const TextShape& other) const;

    /// Bytes of the text that count; 0: there is nothing to compare.
    [[nodiscard]] std::size_t size() const { return folded_.size(); }

  private:
    std::string folded_;
    std::vector<std::string> numbers_;   ///< in their order
    std::vector<std::string> shingles_;  ///< sorted, with repetitions
};

}  // namespace dispatcher
