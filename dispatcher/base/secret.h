#pragma once

#include <string>
#include <utility>

namespace dispatcher {

/// A password, key or token that must never reach a log, an error or a report: it has no output
/// operator, and only reveal() gives its text.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& reveal() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

  private:
    std::string text_;
};

}  // namespace dispatcher
