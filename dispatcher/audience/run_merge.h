#pragma once

#include <cstdint>
#include <vector>

#include "audience/record_file.h"

namespace dispatcher {

/// Merges sorted runs into one sorted stream. Equal keys come in the order of their runs. A loser
/// tree: one comparison a level for each record.
class RunMerge {
  public:
    /// Every key of every run shares its first `skip` bytes.
    RunMerge(std::vector<RecordReader> runs, std::size_t skip);
    /// Moves to the next record; false at the end.
    bool next();
    [[nodiscard]] const Record& record() const { return runs_[winner_].record(); }

  private:
    struct Head {
        std::uint64_t prefix = 0;
        bool is_live = false;
    };
    void advance(std::size_t run);
    [[nodiscard]] bool comes_before(std::size_t a, std::size_t b) const;
    std::size_t play(std::size_t node);
    void replay(std::size_t run);

    std::vector<RecordReader> runs_;
    std::vector<Head> heads_;
    std::vector<std::size_t> losers_;  ///< by node; node 1 is the root, leaves follow the nodes
    std::size_t skip_;
    std::size_t winner_ = 0;
    bool is_started_ = false;
};

}  // namespace dispatcher
