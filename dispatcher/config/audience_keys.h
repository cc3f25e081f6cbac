#pragma once

#include <string>
#include <vector>

#include "audience/audience.h"
#include "config/map_reader.h"
#include "config/problems.h"
#include "config/source_file.h"

namespace dispatcher {

/// What the keys of an audience are read with.
struct AudienceContext {
    const SourceFile& file;
    Problems& problems;
    const std::vector<std::string>& source_names;  ///< of the server file
    const std::string& campaign;                   ///< whose audience it is
    Settings& settings;                            ///< what of it may change later
};

/// Reads the map `audience` of a campaign file: where the members come from, who is struck out, and
/// what is done about rows that are not as they should be.
void read_audience(MapReader reader, const AudienceContext& context, AudienceOptions& audience);

}  // namespace dispatcher
