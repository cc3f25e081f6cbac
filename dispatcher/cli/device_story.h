#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/device_history.h"

namespace dispatcher::cli {

/// A chapter as people read it, with its orders: who ordered the campaign, what became of the
/// device and why, and the text. Several lines.
std::string chapter_text(const DeviceChapter& chapter, const std::vector<AuditRow>& orders,
                         std::string_view appid);

/// The same as JSON.
nlohmann::ordered_json chapter_view(const DeviceChapter& chapter,
                                    const std::vector<AuditRow>& orders, std::string_view appid);

}  // namespace dispatcher::cli
