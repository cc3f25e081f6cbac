#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher::webhook {

/// Which statuses of a webhook mean that the device is gone, besides 410: `404` or `403, 404`.
class DeadStatuses {
  public:
    /// What is wrong with a text; nothing if all is well. Statuses that the contract needs for
    /// something else cannot mean this.
    [[nodiscard]] static std::optional<std::string> problem(std::string_view text);
    /// `text` must have no problem().
    explicit DeadStatuses(std::string_view text = {});

    [[nodiscard]] bool contains(unsigned status) const;

  private:
    std::vector<unsigned> statuses_;
};

}  // namespace dispatcher::webhook
