#pragma once

#include <string>
#include <vector>

#include "config/problems.h"
#include "config/source_file.h"

namespace dispatcher {

/// A value of a YAML file with its place. Scalars stay text: what `010` or `yes` mean, only the
/// reader of a key can say.
struct YamlNode {
    enum class Kind {
        null,  ///< nothing, ~ or null
        scalar,
        map,
        list,
        broken,  ///< a scalar whose reference could not be replaced: reported already
    };
    struct Entry;

    Kind kind = Kind::null;
    Mark mark;
    std::string text;     ///< of a scalar, references replaced
    std::string written;  ///< of a scalar, as the file has it: all that a message may quote
    bool is_quoted = false;
    std::vector<Entry> entries;   ///< of a map, in the file's order; no key twice
    std::vector<YamlNode> items;  ///< of a list
};

struct YamlNode::Entry {
    std::string key;
    Mark mark;
    YamlNode value;
};

/// Parses a YAML file of one document, aliases expanded. Duplicate keys become problems; broken
/// syntax, tags, keys that are no text, and bombs (too deep, too much after expansion) throw
/// ConfigError at their place.
YamlNode parse_yaml(const SourceFile& file, Problems& problems);

}  // namespace dispatcher
