#pragma once

#include <functional>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "audience/external_sort.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// Reads an audience file from beginning to end: checks every row, routes it, and gives the good
/// ones to a sort by appid. Counts rows and bad rows. Throws as Audience::read() does.
class Intake {
  public:
    Intake(const AudienceOptions& options, const Routing& routing, const TokenCheck& check_token,
           ScratchSpace& space, AudienceCounts& counts);

    /// Records go to `sort` (recipient_record.h). Answers the names of the columns.
    std::vector<std::string> read(ExternalSort& sort,
                                  const std::function<void(std::uint64_t rows)>& progress);

  private:
    static void add_record(const Row& row, GatewayNo gateway, ExternalSort& sort);

    const AudienceOptions& options_;
    const Routing& routing_;
    const TokenCheck& check_token_;
    ScratchSpace& space_;
    AudienceCounts& counts_;
};

}  // namespace dispatcher
