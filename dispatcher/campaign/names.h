#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace dispatcher {

inline constexpr std::size_t kAppidBytesMax = 64;

/// A campaign's identity: [A-Za-z0-9._-]{1,64}; inside the store also with a suffix of ours,
/// `NAME#test-N` (a real send to a few) or `NAME@2027-03-01` (an occurrence).
class CampaignName {
  public:
    /// Nothing if the text is not a name that a campaign file may carry.
    static std::optional<CampaignName> parse(std::string_view text);
    /// A name as the store gives it back, suffix included. Not checked.
    static CampaignName from_store(std::string text) { return CampaignName(std::move(text)); }

    [[nodiscard]] CampaignName test_run(unsigned number) const;
    /// What the occurrences of one schedule share: the name without `@…`.
    [[nodiscard]] std::string series() const { return text_.substr(0, text_.find('@')); }
    [[nodiscard]] const std::string& text() const { return text_; }
    auto operator<=>(const CampaignName&) const = default;

  private:
    explicit CampaignName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// What is wrong with these bytes as an appid (1..64 bytes of valid UTF-8 without control
/// characters), in words an operator can act on; nothing if they are fine.
std::optional<std::string> appid_problem(std::string_view bytes);

}  // namespace dispatcher
