#pragma once

#include <string_view>

namespace dispatcher::mock {

/// Whether the text is one JSON object (RFC 8259, UTF-8) with at least one member. Written for the
/// hot path: no allocation, one pass, at most 64 levels deep.
bool is_json_object_with_members(std::string_view text);

}  // namespace dispatcher::mock
