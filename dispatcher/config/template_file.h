#pragma once

#include <string>

#include "campaign/campaign.h"
#include "campaign/tag_places.h"
#include "config/problems.h"
#include "config/source_file.h"

namespace dispatcher {

/// Where the template called `written` in a campaign file lies. A path (with a / or ending in .yaml
/// or .yml) is relative to the campaign file. A bare name is `templates/NAME.yaml` in the campaign
/// file's folder or, where there is none, in the folder above: so `config/` and `templates/` may
/// be siblings. Absolute; nothing says that the file exists.
std::string template_path(const SourceFile& campaign_file, const std::string& written);

/// Reads the texts, locales and gateway blocks of a template file into `message`, and answers where
/// their variables stand. What is wrong in it goes to `problems`; what cannot be read at all throws
/// ConfigError.
TagPlaces read_template_file(const std::string& path, Message& message, Problems& problems);

}  // namespace dispatcher
