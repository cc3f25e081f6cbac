#pragma once

#include <functional>
#include <string>
#include <vector>

#include "audience/audience.h"
#include "audience/external_sort.h"
#include "audience/part_rows.h"
#include "audience/row_reader.h"

namespace dispatcher {

/// Reads the parts of an audience from beginning to end, exclusions first: checks every row, routes
/// it, and gives the good ones to a sort by appid. Counts rows and bad rows, and notes in `origin`
/// what content was read. Throws as Audience::read() does.
class Intake {
  public:
    Intake(const AudienceOptions& options, const Routing& routing, const TokenCheck& check_token,
           const OpenRows& open_rows, ScratchSpace& space, AudienceCounts& counts,
           AudienceOrigin& origin);

    /// Records go to `sort` (recipient_record.h). Answers the names of the members' columns.
    std::vector<std::string> read(ExternalSort& sort,
                                  const std::function<void(std::uint64_t rows)>& progress);

  private:
    using Progress = std::function<void(std::uint64_t rows)>;
    void read_exclusion(std::size_t part, ExternalSort& sort, const Progress& progress);
    std::vector<std::string> read_members(ExternalSort& sort, const Progress& progress);
    [[nodiscard]] PartRows::Hash hash() const;
    void report(const PartRows& rows, const Progress& progress);
    static void add_member(const Row& row, GatewayNo gateway, ExternalSort& sort);

    const AudienceOptions& options_;
    const Routing& routing_;
    const TokenCheck& check_token_;
    const OpenRows& open_rows_;
    ScratchSpace& space_;
    AudienceCounts& counts_;
    AudienceOrigin& origin_;
    std::uint64_t rows_read_ = 0;  ///< of all parts
};

}  // namespace dispatcher
