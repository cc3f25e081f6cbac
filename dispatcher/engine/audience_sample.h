#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "campaign/ids.h"

namespace dispatcher {

/// Spreads appids evenly over all numbers, however they are made. Pure.
std::uint64_t appid_hash(std::string_view appid);

/// A sketch of an audience in bounded memory: the members whose appids have the smallest hashes
/// (bottom-k). They are a uniform sample, however the appids are made, and the same audience gives
/// the same one. A share p of the audience shows in it as p ± 3·√(p(1−p)/k): with k = 1,000, 20 %
/// as 16 to 24. One thread.
class AudienceSample {
  public:
    struct Member {
        std::uint64_t hash = 0;
        std::string appid;
        std::string locale;  ///< of the row; cut to kLocaleBytes
        GatewayNo gateway{};
    };
    static constexpr std::size_t kLocaleBytes = 64;

    explicit AudienceSample(std::size_t size_max) : size_max_(size_max) {}

    /// A member of the audience; each appid once.
    void add(std::string_view appid, std::string_view locale, GatewayNo gateway = {});

    /// Members seen so far; the sample is all of them while they are at most `size_max`.
    [[nodiscard]] std::uint64_t seen() const { return seen_; }
    /// The sample in the order of appids, bytewise.
    [[nodiscard]] std::vector<Member> members() const;

  private:
    std::size_t size_max_;
    std::uint64_t seen_ = 0;
    std::vector<Member> heap_;  ///< the largest hash is in front
};

}  // namespace dispatcher
