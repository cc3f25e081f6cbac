#include "cli/command_line.h"

#include <sstream>

#include "base/error.h"
#include "support/catch.h"

namespace dispatcher::cli {
namespace {

struct Said {
    int code = -1;
    std::string out;
    std::string err;
};

Said run_quietly(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const auto code = run(arguments, out, err);
    return {code, out.str(), err.str()};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

const std::vector<std::string> kVerbs = {
    "init",   "plan",   "preview", "test",   "launch",       "restart",  "pause", "resume",
    "cancel", "status", "halt",    "unhalt", "set",          "suppress", "show",  "audit",
    "report", "lookup", "resolve", "worker", "mock-gateway", "doctor",   "store"};
const std::vector<std::string> kVerbsToCome = {"serve", "launch-token"};

}  // namespace

TEST_CASE("every command's help has examples") {
    for (const auto& verb : kVerbs) {
        const auto said = run_quietly({verb, "--help"});
        CHECK(said.code == 0);
        INFO(verb);
        CHECK(contains(said.out, "Examples:"));
        CHECK(contains(said.out, "pushonce " + verb));
    }
}

TEST_CASE("the help lists every command, also those to come") {
    const auto help = run_quietly({"--help"}).out;
    for (const auto& verb : kVerbs)
        CHECK(contains(help, verb));
    for (const auto& verb : kVerbsToCome)
        CHECK(contains(help, verb));
    CHECK(contains(help, "not available in this version"));
}

TEST_CASE("help names arguments as people do, and points to the global options") {
    const auto general = run_quietly({"--help"}).out;
    CHECK(contains(general, "pushonce [OPTIONS] COMMAND"));
    CHECK_FALSE(contains(general, "ubcommand"));
    for (const auto& verb : kVerbs) {
        const auto help = run_quietly({verb, "--help"}).out;
        INFO(help);
        for (const auto* const argument : {"CAMPAIGN", "FILE", "APPID", "DIR"})
            CHECK_FALSE(contains(help, std::string(argument) + " TEXT"));
        CHECK_FALSE(contains(help, "Positionals"));
        CHECK(contains(help, "--json may stand here too"));
    }
}

TEST_CASE("without a command, the way to them is shown") {
    CHECK(contains(run_quietly({}).err, "no command is given; `pushonce --help`"));
}

TEST_CASE("commands to come are errors of usage, with any arguments") {
    for (const auto& verb : kVerbsToCome)
        CHECK_THROWS_AS(run_quietly({verb, "--flag", "word"}), ConfigError);
}

TEST_CASE("a mistyped command is told with the one that was meant") {
    const auto said = run_quietly({"--log-level", "warn", "lunch", "file.yaml"});
    CHECK(said.code == 2);
    CHECK(contains(said.err, "did you mean 'launch'?"));
    CHECK(said.out.empty());
}

TEST_CASE("unknown options, missing arguments and no command at all are errors of usage") {
    const std::vector<std::vector<std::string>> wrong = {{},
                                                         {"launch"},
                                                         {"launch", "file.yaml", "--yess"},
                                                         {"pause", "sale"},
                                                         {"halt"},
                                                         {"set", "sale"},
                                                         {"suppress"},
                                                         {"suppress", "add"},
                                                         {"worker", "--campaigns", "0"},
                                                         {"report", "sale", "--format", "pdf"},
                                                         {"--log-level", "loud", "status"},
                                                         {"plan", "one.yaml", "two.yaml"}};
    for (const auto& arguments : wrong) {
        const auto said = run_quietly(arguments);
        CHECK(said.code == 2);
        CHECK_FALSE(said.err.empty());
    }
}

TEST_CASE("global options stand before or after the command") {
    const auto missing = std::string("/nonexistent/pushonce.yaml");
    CHECK_THROWS_AS(run_quietly({"--config", missing, "status"}), ConfigError);
    CHECK_THROWS_AS(run_quietly({"status", "--config", missing, "--json"}), ConfigError);
    CHECK_THROWS_AS(run_quietly({"store", "init", "--config", missing}), ConfigError);
}

TEST_CASE("options to come are refused before anything is read") {
    CHECK_THROWS_AS(run_quietly({"launch", "file.yaml", "--launch-token", "T"}), ConfigError);
}

}  // namespace dispatcher::cli
