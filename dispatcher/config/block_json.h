#pragma once

#include <string>

#include "config/map_reader.h"
#include "config/yaml_node.h"

namespace dispatcher {

/// A YAML map as JSON text, keys in the file's order: plain true, false, null and numbers become
/// those, everything else (`yes`, `010`, what is quoted) a string, which may hold Mustache.
/// Problems go to `reader`. `name` is for messages.
std::string block_json(const YamlNode& map, const std::string& name, MapReader& reader);

}  // namespace dispatcher
