#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "gateway/gateway_type.h"

namespace dispatcher::cli {

/// A request as `preview` and `lookup --explain` show it: method and URL, headers, an empty line,
/// the body and a line break.
std::string request_text(const RequestPreview& request);

/// The same as an object: method, url, headers, body.
nlohmann::ordered_json request_view(const RequestPreview& request);

}  // namespace dispatcher::cli
