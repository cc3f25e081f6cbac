#include "cli/finding.h"

#include <algorithm>

#include "support/catch.h"

namespace dispatcher::cli {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

const Settings kSoundServer = {{"innodb_flush_log_at_trx_commit", "1"},
                               {"sync_binlog", "1"},
                               {"log_bin", "ON"},
                               {"innodb_doublewrite", "ON"},
                               {"read_only", "OFF"},
                               {"tx_isolation", "READ-COMMITTED"},
                               {"sql_mode", "STRICT_ALL_TABLES"}};

std::vector<std::string> problems(Settings settings, const std::string& name = "",
                                  const std::string& value = "") {
    for (auto& setting : settings)
        if (setting.first == name) setting.second = value;
    std::vector<std::string> subjects;
    for (const auto& finding : durability_findings(settings))
        if (finding.level == Finding::Level::problem) {
            CHECK_FALSE(finding.cure.empty());
            subjects.push_back(finding.subject);
        }
    return subjects;
}

}  // namespace

TEST_CASE("a server that keeps what it acknowledged is fine") {
    CHECK(problems(kSoundServer).empty());
}

TEST_CASE("each weak setting of a server is named with its cure") {
    const std::vector<std::pair<std::string, std::string>> weak = {
        {"innodb_flush_log_at_trx_commit", "2"}, {"sync_binlog", "0"},
        {"innodb_doublewrite", "OFF"},           {"read_only", "ON"},
        {"tx_isolation", "REPEATABLE-READ"},     {"sql_mode", "NO_ENGINE_SUBSTITUTION"}};
    for (const auto& [name, value] : weak)
        CHECK(problems(kSoundServer, name, value) == std::vector<std::string>{name});
}

TEST_CASE("sync_binlog does not matter without a binlog") {
    auto settings = kSoundServer;
    settings[2].second = "OFF";
    CHECK(problems(settings, "sync_binlog", "0").empty());
}

TEST_CASE("an embedded store must sync every commit") {
    CHECK(problems({{"journal_mode", "wal"}, {"synchronous", "2"}}).empty());
    CHECK(problems({{"journal_mode", "wal"}, {"synchronous", "1"}}) ==
          std::vector<std::string>{"synchronous"});
}

}  // namespace dispatcher::cli
