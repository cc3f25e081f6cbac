#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "config/problems.h"
#include "config/source_file.h"
#include "config/yaml_node.h"

namespace dispatcher {

/// What stands for `${kind:name}`, or nothing, with the reason in `problem`.
using ReferenceSource =
    std::function<std::optional<std::string>(const std::string& name, std::string& problem)>;

/// Replaces ${kind:name} in every value of the tree (never in keys, and not in what was put in).
/// `written` keeps the reference, so that no message quotes what it stands for. Other kinds, and
/// `${…}` without a kind, are problems.
void replace_references(YamlNode& node, const std::map<std::string, ReferenceSource>& sources,
                        const SourceFile& file, Problems& problems);

/// ${env:NAME}: a variable of the environment that is set.
std::optional<std::string> environment_variable(const std::string& name, std::string& problem);

/// ${file:PATH}: the content of a small text file, without the line break at its end.
ReferenceSource content_of_files_beside(const SourceFile& file);

}  // namespace dispatcher
