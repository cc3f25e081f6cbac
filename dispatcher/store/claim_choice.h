#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "campaign/appid_list.h"
#include "store/flag_store.h"

namespace dispatcher {

/// Which of the recipients that a claim asks for it takes, by what its first reads saw: advisory,
/// the conditional writes that follow decide. Views are those of the request.
class ClaimChoice {
  public:
    /// `flags` are the rows of the request's range, `suppressed` those of its appids that opted
    /// out; `now` is the database's clock.
    ClaimChoice(const ClaimRequest& request, const FlagRows& flags, const AppidList& suppressed,
                WallTime now);

    /// Where the campaign pauses after its first recipients: leaves out those beyond them, and
    /// counts the others. Answers false if that leaves nobody to claim, though there were some.
    bool count_first(StoreSession& session, const ClaimRequest& request, WallTime now);
    /// T1 and T2 for those who are taken; T9 and T11 for those who opted out, or whom the request
    /// skips: they are settled by the claim that meets them, so that the chunk can close and the
    /// report has their line.
    void write(StoreSession& session, const ClaimRequest& request) const;

    /// Recipients that the claim wants to win.
    [[nodiscard]] std::size_t asked() const { return absent_.size() + due_.size(); }
    /// Recipients that opted out.
    [[nodiscard]] std::size_t suppressed() const { return suppressed_.size(); }
    /// Recipients that the request skips, and that did not opt out.
    [[nodiscard]] std::size_t skipped() const;
    /// The first recipients are all claimed with this.
    [[nodiscard]] bool is_last_of_first() const { return is_last_of_first_; }

  private:
    /// Those that are settled without a send.
    struct Skipped {
        std::vector<std::string_view> absent;
        std::vector<std::string_view> released;
        [[nodiscard]] std::size_t size() const { return absent.size() + released.size(); }
        void write(StoreSession& session, const ClaimRequest& request, Reason reason) const;
    };

    [[nodiscard]] std::size_t fresh() const { return absent_.size() + taken_over_.size(); }
    void keep_fresh(std::size_t most);

    std::vector<std::string_view> absent_;      ///< without a flag
    std::vector<std::string_view> due_;         ///< released, and due
    std::vector<std::string_view> taken_over_;  ///< of these: given back by another campaign
    Skipped suppressed_;
    std::map<Reason, Skipped> skipped_;
    bool is_last_of_first_ = false;
};

}  // namespace dispatcher
