#include "campaign/names.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"

namespace dispatcher {
namespace {

constexpr std::size_t kNameLengthMax = 64;

bool is_name_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

}  // namespace

std::optional<CampaignName> CampaignName::parse(std::string_view text) {
    if (text.empty() || text.size() > kNameLengthMax) return std::nullopt;
    if (!std::all_of(text.begin(), text.end(), is_name_character)) return std::nullopt;
    return CampaignName(std::string(text));
}

CampaignName CampaignName::test_run(unsigned number) const {
    return CampaignName(fmt::format("{}#test-{}", text_, number));
}

std::optional<std::string> appid_problem(std::string_view bytes) {
    if (bytes.empty()) return "appid is empty";
    if (bytes.size() > kAppidBytesMax)
        return fmt::format(
            "appid has {} bytes, at most {} are allowed; it looks like an FCM token: put it in "
            "`token` and a stable installation id in `appid`",
            bytes.size(), kAppidBytesMax);
    if (!is_utf8(bytes)) return "appid is not valid UTF-8";
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(bytes.begin(), bytes.end(), control))
        return "appid contains a control character";
    return std::nullopt;
}

}  // namespace dispatcher
