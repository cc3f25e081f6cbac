#include "cli/durability_gate.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/finding.h"
#include "cli/operator_identity.h"
#include "cli/verb.h"

namespace dispatcher::cli {

void add_durability_option(const Verb& verb, bool& accepted) {
    verb.add_flag("--accept-weak-durability", accepted,
                  "Send although the store may forget what it acknowledged (a crash of it can then "
                  "cause duplicates); recorded");
}

std::string require_durability(Site& site, bool accepted) {
    std::string weaknesses;
    std::string cures;
    for (const auto& finding : durability_findings(site.campaigns().server_settings())) {
        if (finding.level != Finding::Level::problem) continue;
        weaknesses +=
            fmt::format("{}{} {}", weaknesses.empty() ? "" : "; ", finding.subject, finding.text);
        cures += fmt::format("\n  {} {}\n    → {}", finding.subject, finding.text, finding.cure);
    }
    if (!weaknesses.empty() && !accepted)
        throw ConfigError("store",
                          fmt::format("may forget what it acknowledged, and a device could "
                                      "then be notified twice. Nothing was sent. Change:{}"
                                      "\nor accept the risk with "
                                      "--accept-weak-durability, which is recorded",
                                      cures));
    return weaknesses;
}

void record_weakness(Site& site, CampaignId campaign, const std::string& weakness) {
    if (!weakness.empty())
        site.campaigns().add_audit(campaign, "accept-weak-durability", weakness, this_operator(""));
}

}  // namespace dispatcher::cli
