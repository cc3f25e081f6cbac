#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "campaign/appid_list.h"
#include "store/flag_store.h"

namespace dispatcher {

/// Which of the recipients that a claim asks for it takes, by what its first reads saw: advisory,
/// the conditional writes that follow decide. Views are those of the request. Pure.
class ClaimChoice {
  public:
    /// `flags` are the rows of the request's range, `suppressed` those of its appids that opted
    /// out; `now` is the database's clock.
    ClaimChoice(const ClaimRequest& request, const FlagRows& flags, const AppidList& suppressed,
                WallTime now);

    std::vector<std::string_view> absent;               ///< without a flag
    std::vector<std::string_view> due;                  ///< released, and due
    std::vector<std::string_view> absent_suppressed;    ///< opted out, without a flag
    std::vector<std::string_view> released_suppressed;  ///< opted out, released and due

    /// Recipients that this campaign never claimed before.
    [[nodiscard]] std::size_t fresh() const { return absent.size() + taken_over_.size(); }
    /// Leaves out all but the first so many of those.
    void keep_fresh(std::size_t most);
    /// keep_fresh() left nobody, though there were some.
    [[nodiscard]] bool is_cut_to_nothing() const {
        return is_cut_ && absent.empty() && due.empty();
    }
    [[nodiscard]] std::size_t skipped() const {
        return absent_suppressed.size() + released_suppressed.size();
    }

  private:
    std::vector<std::string_view> taken_over_;  ///< of `due`: given back by another campaign
    bool is_cut_ = false;
};

}  // namespace dispatcher
