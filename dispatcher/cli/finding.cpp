#include "cli/finding.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

namespace dispatcher::cli {
namespace {

using Level = Finding::Level;
using Settings = std::map<std::string, std::string>;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_on(const Settings& settings, const std::string& name) {
    const auto found = settings.find(name);
    return found != settings.end() && (found->second == "on" || found->second == "1");
}

Finding expect(const Settings& settings, const std::string& name,
               const std::vector<std::string>& wanted, const std::string& why,
               const std::string& cure) {
    const auto found = settings.find(name);
    const auto value = found == settings.end() ? std::string("not told") : found->second;
    const bool is_fine = std::find(wanted.begin(), wanted.end(), value) != wanted.end();
    return {is_fine ? Level::fine : Level::problem, name,
            is_fine ? fmt::format("is {}", value) : fmt::format("is {}: {}", value, why),
            is_fine ? "" : cure};
}

std::vector<Finding> embedded_findings(const Settings& settings) {
    return {expect(settings, "journal_mode", {"wal"},
                   "readers and the writer hold each other up, or commits are not atomic",
                   "PRAGMA journal_mode=WAL"),
            expect(settings, "synchronous", {"2", "full", "3", "extra"},
                   "a power cut loses commits that were acknowledged", "PRAGMA synchronous=FULL")};
}

/// A look and no problem: whether a replica ever takes over is not known here.
Finding semi_sync_finding(const Settings& settings, const std::string& prefix) {
    constexpr std::uint64_t kHourMs = 3'600'000;
    const auto value = [&](const std::string& name) {
        const auto found = settings.find(prefix + name);
        return found == settings.end() ? std::string() : found->second;
    };
    const auto timeout = value("_timeout");
    const bool waits = std::strtoull(timeout.c_str(), nullptr, 10) >= kHourMs;
    if (value("_wait_point") == "after_sync" && waits)
        return {Level::fine, prefix, "waits for a replica before it acknowledges", ""};
    return {Level::look, prefix,
            fmt::format("falls back to asynchronous after {} ms: a replica that takes over then "
                        "lacks acknowledged commits",
                        timeout),
            fmt::format("SET GLOBAL {0}_wait_point=AFTER_SYNC, {0}_timeout=4294967295, and in "
                        "my.cnf",
                        prefix)};
}

std::vector<Finding> server_findings(const Settings& settings) {
    std::vector<Finding> findings = {
        expect(settings, "innodb_flush_log_at_trx_commit", {"1"},
               "a crash of the server loses commits that were acknowledged",
               "SET GLOBAL innodb_flush_log_at_trx_commit=1, and in my.cnf"),
        expect(settings, "innodb_doublewrite", {"on", "1", "detect_and_recover"},
               "a power cut can tear pages", "innodb_doublewrite=ON in my.cnf, then restart"),
        expect(settings, "read_only", {"off", "0"}, "nothing can be written here",
               "name the writer first in store.url, or SET GLOBAL read_only=0")};
    if (is_on(settings, "log_bin"))
        findings.push_back(expect(settings, "sync_binlog", {"1"},
                                  "a replica that takes over may lack acknowledged commits",
                                  "SET GLOBAL sync_binlog=1, and in my.cnf"));
    const auto isolation =
        settings.contains("transaction_isolation") ? "transaction_isolation" : "tx_isolation";
    findings.push_back(expect(settings, isolation, {"read-committed"},
                              "the session set-up did not take",
                              "let the user set its own session variables"));
    const auto mode = settings.find("sql_mode");
    const bool is_strict =
        mode != settings.end() && mode->second.find("strict_") != std::string::npos;
    findings.push_back({is_strict ? Level::fine : Level::problem, "sql_mode",
                        is_strict ? "is strict" : "is not strict: values could be cut silently",
                        is_strict ? "" : "let the user set its own session variables"});
    for (const std::string role : {"master", "source"})
        if (is_on(settings, "rpl_semi_sync_" + role + "_enabled"))
            findings.push_back(semi_sync_finding(settings, "rpl_semi_sync_" + role));
    if (is_on(settings, "wsrep_on"))
        findings.push_back(expect(settings, "wsrep_sync_wait", {"7", "15"},
                                  "reads on this cluster may be stale",
                                  "let the user set its own session variables"));
    if (settings.contains("group_replication_consistency"))
        findings.push_back(
            expect(settings, "group_replication_consistency",
                   {"before_on_primary_failover", "before", "after", "before_and_after"},
                   "a new primary may lack acknowledged commits",
                   "SET GLOBAL group_replication_consistency="
                   "BEFORE_ON_PRIMARY_FAILOVER"));
    return findings;
}

}  // namespace

std::vector<Finding> durability_findings(
    const std::vector<std::pair<std::string, std::string>>& settings) {
    // Session variables come after global ones and win: they are what our statements meet.
    Settings known;
    for (const auto& [name, value] : settings)
        known[lower(name)] = lower(value);
    return known.contains("journal_mode") ? embedded_findings(known) : server_findings(known);
}

}  // namespace dispatcher::cli
