#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "audience/audience.h"
#include "audience/rows_name.h"

namespace dispatcher {

/// The bad rows of one part of an audience under its policy: counted and the first ones kept, or an
/// error.
class ProblemList {
  public:
    ProblemList(RowsName name, OnBadRow policy, AudienceCounts& counts);

    /// Notes a bad row. Under `stop` throws ConfigError with all that were noted once there are
    /// enough for one message.
    void add(std::uint64_t line, std::string problem);
    /// For a problem that ends the reading whatever the policy.
    [[noreturn]] void add_last(std::uint64_t line, std::string problem);
    /// Under `stop` throws if there is any.
    void finish() const;
    /// Whether rows still count: under `stop` only as long as none is bad.
    [[nodiscard]] bool lets_rows_in() const {
        return policy_ == OnBadRow::skip || counts_.bad_rows == 0;
    }

  private:
    [[noreturn]] void fail(const char* closing) const;

    RowsName name_;
    OnBadRow policy_;
    AudienceCounts& counts_;
    std::size_t first_;  ///< of the counts' problems that is one of these rows
};

}  // namespace dispatcher
