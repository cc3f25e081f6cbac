#pragma once

#include <string>
#include <vector>

#include "cli/prepared_campaign.h"

namespace dispatcher::cli {

/// A few rows of an audience in a file of their own, which vanishes with the object.
class SelectedAudience {
  public:
    /// Throws ConfigError if an appid is not in the audience, UnavailableError if the file cannot
    /// be written.
    SelectedAudience(const PreparedCampaign& prepared, const std::vector<std::string>& appids);
    ~SelectedAudience();
    SelectedAudience(const SelectedAudience&) = delete;
    SelectedAudience& operator=(const SelectedAudience&) = delete;

    /// NDJSON, readable as an audience.
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace dispatcher::cli
