#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audience/scratch_space.h"
#include "campaign/ids.h"

namespace dispatcher {

/// Finds device tokens that several recipients of one gateway share. Keeps 128-bit hashes, not
/// tokens, in scratch, split by hash so that each part can be judged in bounded memory. One thread.
class SharedTokens {
  public:
    /// `bytes_max`: memory for one part while it is judged.
    SharedTokens(ScratchSpace& space, std::size_t bytes_max);

    /// `position` is the recipient's, for `Shared`; below 2^48. An empty token is nobody's.
    void add(GatewayNo gateway, std::string_view token, std::uint64_t line, std::uint64_t position);

    /// A recipient whose token an earlier row of the file has.
    struct Shared {
        std::uint64_t first_line;  ///< the earliest row with this token
        std::uint64_t line;
        std::uint64_t position;
        GatewayNo gateway;
    };
    /// Visits all of them, in no particular order. Answers the number of recipients that share a
    /// token, the earliest ones included. Ends the search.
    std::uint64_t finish(const std::function<void(const Shared&)>& visit);

  private:
    struct Token {
        std::uint64_t hash_high;
        std::uint64_t hash_low;
        std::uint64_t line;
        std::uint64_t place;  ///< gateway in the upper 16 bits, position below
    };
    static constexpr std::size_t kParts = 256;
    static constexpr std::size_t kBlockTokens = 511;
    /// Tokens of one part; blocks of a part are chained through the file, latest first.
    struct Block {
        std::uint64_t previous;  ///< its offset; kNone for the first
        std::uint64_t count;
        std::array<Token, kBlockTokens> tokens;
    };
    struct Part {
        std::uint64_t latest;
        std::uint64_t count = 0;
    };
    class Groups;

    void write_block(std::size_t part);
    void for_each_token(std::size_t part, const std::function<void(const Token&)>& visit);
    void judge_in_memory(std::size_t part, Groups& groups);
    void judge_by_sorting(std::size_t part, Groups& groups);

    ScratchSpace* space_;
    std::size_t bytes_max_;
    std::array<std::uint64_t, 2> seed_;
    std::vector<Part> parts_;
    std::unique_ptr<Block[]> blocks_;  ///< the one of each part that is being filled
    std::unique_ptr<ScratchFile> file_;
    std::string lower_;  ///< scratch
};

}  // namespace dispatcher
