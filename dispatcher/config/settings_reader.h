#pragma once

#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "config/map_reader.h"

namespace dispatcher {

/// Reads the keys of `delivery` that are not sealed: rate, deadline, retry, first. What is absent
/// stays as it is; what is wrong becomes a problem of the reader.
void read_settings(MapReader& reader, Settings& settings);

/// Reads `max_gone` of `audience.refresh`. As read_settings().
void read_max_gone(MapReader& refresh, Settings& settings);

/// Reads `send_window` and `zone` of `schedule`. As read_settings().
void read_window(MapReader& schedule, Settings& settings);

/// The settings after orders such as `rate=1000/s`, `send_window.to=20:00` or `deadline=none`, each
/// read as the campaign file's key is. Throws ConfigError that names the orders which are wrong,
/// with the nearest valid key.
Settings changed_settings(const Settings& settings, const std::vector<std::string>& orders);

/// What differs, one line each in the notation of the campaign file: "rate 5000/s → 1000/s".
std::vector<std::string> settings_differences(const Settings& before, const Settings& after);

}  // namespace dispatcher
