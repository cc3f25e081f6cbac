#pragma once

#include "campaign/tag_places.h"
#include "config/source_file.h"
#include "config/yaml_node.h"

namespace dispatcher {

/// Looks for the Mustache tags in the text of a template file whose tree is `root`.
TagPlaces find_tags(const SourceFile& file, const YamlNode& root);

}  // namespace dispatcher
