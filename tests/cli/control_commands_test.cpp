// Stop, slow, change, opt out: by their commands, on the embedded store and the loopback gateway.
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "cli/desk.h"

namespace dispatcher::cli {

TEST_CASE("whoever opted out is skipped, and the report says so") {
    const Desk desk;
    CHECK(desk.run({"suppress", "add", "d-2", "d-9", "--because", "asked"}).code == 0);
    const auto launched = desk.run({"--json", "launch", desk.path("sale.yaml")});
    CHECK(launched.code == 0);
    CHECK(launched.document()["sent"] == 2);
    CHECK(launched.document()["counts"]["skipped"] == 1);
    const auto lines = desk.run({"report", "sale"}).lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[1]["outcome"] == "skipped");
    CHECK(lines[1]["reason"] == "suppressed");
    CHECK(lines[1]["tries"] == 0);
    CHECK(contains(desk.run({"lookup", "d-2"}).err, "opt-out list"));

    const auto listed = desk.run({"--json", "suppress", "list"}).lines();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0]["appid"] == "d-2");
    CHECK(listed[0]["because"] == "asked");
    CHECK(desk.run({"--json", "suppress", "remove", "d-2"}).document()["removed"] == 1);
    CHECK(desk.run({"--json", "suppress", "list"}).lines().size() == 1);
    // A campaign that has skipped them does not come back for them.
    CHECK(desk.run({"--json", "launch", desk.path("sale.yaml")}).document()["sent"] == 0);
    CHECK(contains(desk.run({"audit"}).out, "unsuppress"));
}

TEST_CASE("an opt-out list is imported from tables and from plain lines") {
    const Desk desk;
    desk.write("out.csv", "name,appid\nBo,d-2\nCy,d-3\n");
    desk.write("out.txt", "d-1\r\n\n  d-2  \nd-4");
    desk.write("out.ndjson", "{\"appid\":\"d-5\"}\n");
    const auto imported = [&](const std::string& file) {
        return desk.run({"--json", "suppress", "import", desk.path(file)}).document();
    };
    CHECK(imported("out.csv")["new"] == 2);
    CHECK(imported("out.txt")["read"] == 3);
    CHECK(imported("out.ndjson")["new"] == 1);
    CHECK(desk.run({"--json", "suppress", "list"}).lines().size() == 5);
    CHECK(desk.run({"--json", "launch", desk.path("sale.yaml")}).document()["sent"] == 0);
}

TEST_CASE("a list with a wrong row changes nothing and is told with its line") {
    const Desk desk;
    desk.write("out.txt", "d-1\n" + std::string(80, 'x') + "\n");
    try {
        desk.run({"suppress", "import", desk.path("out.txt")});
        FAIL("it was not refused");
    } catch (const ConfigError& error) {
        CHECK(contains(error.what(), "out.txt:2: appid has 80 bytes"));
    }
    CHECK(desk.run({"suppress", "list"}).out.empty());
    CHECK_THROWS_AS(desk.run({"suppress", "add", ""}), ConfigError);
    CHECK_THROWS_AS(desk.run({"suppress", "import", desk.path("none.txt")}), ConfigError);
}

TEST_CASE("in a halted store nothing is launched or restarted, and everything says so") {
    const Desk desk;
    CHECK(desk.run({"halt", "--because", "wrong prices"}).code == 0);
    CHECK(contains(desk.run({"halt", "--because", "again"}).err, "halted already"));
    const auto launched = desk.run({"launch", desk.path("sale.yaml")});
    CHECK(launched.code == 6);
    CHECK(contains(launched.err, "wrong prices"));
    CHECK(contains(launched.err, "pushonce unhalt"));
    CHECK(contains(desk.run({"status"}).out, "halted"));
    CHECK(contains(desk.run({"doctor"}).out, "halt"));
    CHECK(desk.run({"test", desk.path("sale.yaml"), "--appid", "d-1"}).code == 6);

    CHECK(desk.run({"unhalt", "--because", "fine"}).code == 0);
    CHECK(contains(desk.run({"unhalt", "--because", "fine"}).err, "not halted"));
    CHECK(desk.run({"--json", "launch", desk.path("sale.yaml")}).document()["sent"] == 3);
    CHECK(desk.run({"--json", "status", "sale"}).document()["halted"].is_null());
}

TEST_CASE("a campaign pauses after its first recipients, and a resume sends the rest") {
    const Desk desk;
    desk.write("sale.yaml", Desk::campaign("sale", "delivery: {first: {count: 2, then: pause}}\n"));
    const auto first = desk.run({"--json", "launch", desk.path("sale.yaml")});
    CHECK(first.code == 6);
    CHECK(first.document()["sent"] == 2);
    CHECK(first.document()["state"] == "paused");
    CHECK(contains(desk.run({"status", "sale"}).out, "the first 2"));
    CHECK_THROWS_AS(desk.run({"restart", "sale"}), RefusedError);
    CHECK(desk.run({"resume", "sale", "--because", "looks good"}).code == 0);
    const auto rest = desk.run({"--json", "restart", "sale"});
    CHECK(rest.code == 0);
    CHECK(rest.document()["sent"] == 1);
    CHECK(contains(desk.run({"audit", "sale"}).out, "first 2 → none"));
}

TEST_CASE("a pause for another reason leaves the look after the first recipients to come") {
    const Desk desk;
    desk.write("audience.csv", "appid,name\nd-1,A\nd-2,B\nd-3,C\nd-4,D\nd-5,E\n");
    desk.write("sale.yaml", Desk::campaign("sale", "delivery: {first: {count: 2, then: pause}}\n"));
    CHECK(desk.run({"launch", desk.path("sale.yaml")}).code == 6);
    desk.run({"resume", "sale", "--because", "looks good"});
    CHECK(desk.run({"set", "sale", "first.count=4", "first.then=pause"}).code == 0);
    desk.run({"pause", "sale", "--because", "lunch"});
    desk.run({"resume", "sale", "--because", "back"});
    const auto second = desk.run({"--json", "restart", "sale"});
    CHECK(second.code == 6);
    CHECK(second.document()["sent"] == 2);
    desk.run({"resume", "sale", "--because", "looks good too"});
    CHECK(desk.run({"--json", "restart", "sale"}).document()["sent"] == 1);
}

TEST_CASE("settings are changed with old and new in the audit") {
    const Desk desk;
    desk.write("sale.yaml", Desk::campaign("sale",
                                           "delivery: {rate: 1/h, retry: {attempts: 2}, "
                                           "first: {count: 1, then: pause}}\n"));
    CHECK(desk.run({"launch", desk.path("sale.yaml")}).code == 6);
    const auto set = desk.run({"--json", "set", "sale", "rate=1000/s", "retry.attempts=4",
                               "--because", "they can take it"});
    CHECK(set.code == 0);
    CHECK(set.document()["changes"][1] == "retry.attempts 2 → 4");
    CHECK(contains(desk.run({"set", "sale", "rate=1000/s"}).err, "Nothing changes"));
    CHECK(contains(desk.run({"audit", "sale"}).out, "→ 1000/s; retry.attempts 2 → 4"));
    CHECK_THROWS_AS(desk.run({"set", "sale", "speed=9"}), ConfigError);
    CHECK_THROWS_AS(desk.run({"set", "sael", "rate=1/s"}), ConfigError);
    desk.run({"resume", "sale", "--because", "go"});
    // At one send an hour this would not end.
    CHECK(desk.run({"restart", "sale"}).code == 0);
    // It is done, but second chances would be given under them.
    CHECK(desk.run({"set", "sale", "rate=1/s"}).code == 0);
}

TEST_CASE("the settings of what is cancelled matter no more") {
    const Desk desk;
    desk.write("sale.yaml", Desk::campaign("sale", "delivery: {first: {count: 1, then: pause}}\n"));
    CHECK(desk.run({"launch", desk.path("sale.yaml")}).code == 6);
    desk.run({"cancel", "sale", "--because", "the sale is off"});
    CHECK_THROWS_AS(desk.run({"set", "sale", "rate=1/s"}), RefusedError);
}

TEST_CASE("pause --all pauses what runs and leaves the rest") {
    const Desk desk;
    const std::string first = "delivery: {first: {count: 1, then: pause}}\n";
    desk.write("one.yaml", Desk::campaign("one", first));
    desk.write("two.yaml", Desk::campaign("two", first));
    // All three have the same text for the same devices.
    for (const auto* const name : {"one", "two"}) {
        desk.run({"launch", desk.path(std::string(name) + ".yaml"), "--despite-similar"});
        desk.run({"resume", name, "--because", "go"});
    }
    desk.run({"launch", desk.path("sale.yaml"), "--despite-similar"});
    const auto paused = desk.run({"--json", "pause", "--all", "--because", "the shop is down"});
    CHECK(paused.code == 0);
    CHECK(paused.document()["campaigns"].size() == 2);
    for (const auto* const name : {"one", "two"}) {
        CHECK(desk.run({"--json", "status", name}).document()["state"] == "paused");
        CHECK(contains(desk.run({"audit", name}).out, "the shop is down"));
    }
    CHECK(desk.run({"--json", "status", "sale"}).document()["state"] == "done");
    CHECK(contains(desk.run({"pause", "--all", "--because", "x"}).err, "No campaign is running"));
    CHECK_THROWS_AS(desk.run({"pause", "sale", "--all", "--because", "x"}), ConfigError);
    CHECK_THROWS_AS(desk.run({"pause", "--because", "x"}), ConfigError);
}

}  // namespace dispatcher::cli
