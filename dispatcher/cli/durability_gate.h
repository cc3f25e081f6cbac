#pragma once

#include <string>

#include "cli/site.h"

namespace dispatcher::cli {

class Verb;

/// Adds --accept-weak-durability to a verb that sends.
void add_durability_option(const Verb& verb, bool& accepted);

/// The promise rests on a store that keeps what it acknowledged. Throws ConfigError, with every
/// setting to change, if its settings allow it to forget; where the operator `accepted` that,
/// answers the weaknesses, for the audit. "" if there are none.
std::string require_durability(Site& site, bool accepted);

/// Writes down what was accepted, if anything was.
void record_weakness(Site& site, CampaignId campaign, const std::string& weakness);

}  // namespace dispatcher::cli
