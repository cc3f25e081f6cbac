#include "mockgateway/fault_rules.h"

#include <fstream>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "mockgateway/fault_file.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher::mock {
namespace {

FaultRules rules_of(const std::string& text) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() + "/faults.yaml";
    std::ofstream(file) << text;
    return read_fault_file(file);
}

/// What is said about a broken file, without the folder.
std::string complaint_about(const std::string& text) {
    try {
        rules_of(text);
    } catch (const ConfigError& error) {
        const std::string message = error.what();
        return message.substr(message.find("faults.yaml"));
    }
    return "nothing";
}

std::set<int> picked(FaultRules rules, std::string_view fault) {
    std::set<int> devices;
    for (int i = 0; i < 10'000; ++i) {
        const auto* const rule = rules.next_fault(fmt::format("{:064x}", i));
        if (rule != nullptr && rule->kind->name == fault) devices.insert(i);
    }
    return devices;
}

TEST_CASE("a seed picks the same devices every time, another seed picks others") {
    const std::string rule = "rules: [{fault: refuse, share: 5%}, {fault: late, share: 0.1}]";
    const auto first = picked(rules_of("seed: 7\n" + rule), "refuse");
    CHECK(first == picked(rules_of("seed: 7\n" + rule), "refuse"));
    CHECK(first != picked(rules_of("seed: 8\n" + rule), "refuse"));
    CHECK(first.size() > 400);
    CHECK(first.size() < 600);
}

TEST_CASE("two rules pick independently, and the first one wins") {
    const std::string text =
        "seed: 7\nrules: [{fault: refuse, share: 50%}, {fault: late, share: 50%}]";
    const auto refused = picked(rules_of(text), "refuse").size();
    const auto late = picked(rules_of(text), "late").size();
    CHECK(refused > 4'700);
    CHECK(refused < 5'300);
    CHECK(late > 2'300);
    CHECK(late < 2'700);
}

TEST_CASE("a device whose attempts are used up meets no later rule") {
    auto rules = rules_of("rules: [{fault: refuse, attempts: 1}, {fault: late}]");
    REQUIRE(rules.next_fault("aa") != nullptr);
    CHECK(rules.next_fault("aa") == nullptr);
    CHECK(rules.next_fault("bb") != nullptr);
}

TEST_CASE("every fault can be named, and an empty file has no rules") {
    for (const auto& kind : fault_kinds()) {
        const auto rules = rules_of(fmt::format("rules: [{{fault: {}{}{}}}]", kind.name,
                                                kind.has_reason ? ", reason: BadTopic" : "",
                                                kind.has_status ? ", status: 502, body: x" : ""));
        REQUIRE(rules.rules().size() == 1);
        CHECK(rules.rules()[0].kind->name == kind.name);
        CHECK(rules.rules()[0].share == 1);
    }
    CHECK(rules_of("# nothing yet\n").rules().empty());
}

TEST_CASE("a broken faults file is told with its place") {
    CHECK(complaint_about("seeds: 7") ==
          "faults.yaml:1:1: unknown key 'seeds' here; possible: rules, seed");
    CHECK(complaint_about("seed: 7\nseed: 8").find("faults.yaml:2:1: ") == 0);
    CHECK(complaint_about("rules:\n  - {fault: refuse, share: 150%}").find("faults.yaml:2:28: ") ==
          0);
    CHECK(complaint_about("rules: [{fault: refuze}]").find("faults.yaml:1:17: unknown fault") == 0);
    CHECK(complaint_about("rules: [{share: 1%}]").find("faults.yaml:1:9: ") == 0);
    CHECK(complaint_about("rules: [{fault: refuse, delay: 3s}]").find("unknown key 'delay'") !=
          std::string::npos);
    CHECK(complaint_about("rules: [{fault: late, delay: 3}]").find("duration") !=
          std::string::npos);
    CHECK(complaint_about("rules: [{fault: bad_request}]").find("reason") != std::string::npos);
    CHECK(complaint_about("rules: [{fault: refuse, attempts: 0}]").find("attempts") !=
          std::string::npos);
    CHECK(complaint_about("rules: {").find("faults.yaml:") == 0);
    CHECK_THROWS_AS(read_fault_file("/nowhere/faults.yaml"), ConfigError);
}

}  // namespace
}  // namespace dispatcher::mock
