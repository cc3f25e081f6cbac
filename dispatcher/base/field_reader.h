#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace dispatcher {

/// Takes the fields of a written time from its front, one behind the other. Once a field that must
/// be there does not fit, no later one does, and is_over() stays false: callers ask once, at the
/// end. `text` outlives the reader.
class FieldReader {
  public:
    explicit FieldReader(std::string_view text) : rest_(text) {}

    /// Exactly `digits` digits, at most nine, whose number is not above `most`; else 0.
    int number(std::size_t digits, int most);
    /// One of these characters must follow; answers which, or '\0'.
    char one_of(std::string_view choices);
    /// Takes the character if it follows.
    bool take(char c);
    /// ".5", ".123456": thousandths of the fraction, if one follows; else 0.
    int fraction();
    /// "2027-03-01": a day that there is, in the years 0 to 9999; else 1970-01-01.
    std::chrono::sys_days date();

    /// Whether every field fitted, and nothing is left.
    [[nodiscard]] bool is_over() const { return is_good_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool is_good_ = true;
};

}  // namespace dispatcher
