#pragma once

#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/payload_template.h"

namespace dispatcher {

/// What people read of a message in one of its locales: title and body, with its constants and the
/// values of a row filled in. Of a message without title and body, its data and the gateways'
/// blocks. `columns` are the audience's, `values` in their order; absent ones are empty. Throws
/// ConfigError where the template names a variable that is neither column nor constant.
std::string visible_text(const Message& message, const std::string& locale,
                         const std::vector<std::string>& columns, const ColumnValues& values);

}  // namespace dispatcher
