#pragma once

#include <string>

#include "gateway/gateway_type.h"
#include "gateway/http2/stream.h"

namespace dispatcher::http2 {

/// A composed request as `preview` shows it; `origin` is https://host[:port]. What is secret in the
/// fields must have been left out.
RequestPreview preview_of(const std::string& origin, const Request& request, const Fields& fields);

}  // namespace dispatcher::http2
