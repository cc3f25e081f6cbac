// Whole campaigns by their commands, on the embedded store and the loopback gateway.
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/error.h"
#include "cli/desk.h"

namespace dispatcher::cli {

TEST_CASE("a launch sends to everyone once, and a second one to nobody") {
    const Desk desk;
    const auto first = desk.run({"--json", "launch", desk.path("sale.yaml")});
    CHECK(first.code == 0);
    CHECK(first.document()["sent"] == 3);
    CHECK(first.document()["counts"]["delivered"] == 3);
    CHECK(first.document()["state"] == "done");

    const auto second = desk.run({"--json", "launch", desk.path("sale.yaml")});
    CHECK(second.code == 0);
    CHECK(contains(second.err, "already finished: 0 sent"));
    CHECK(second.document()["sent"] == 0);
    CHECK(second.document()["counts"]["delivered"] == 3);
}

TEST_CASE("report, status and lookup tell the same") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    const auto lines = desk.run({"report", "sale"}).lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0]["appid"] == "d-1");
    CHECK(lines[0]["outcome"] == "delivered");
    CHECK(lines[0]["reason"].is_null());
    CHECK(lines[0]["locale"] == "de");
    CHECK(lines[0]["user"].is_null());
    CHECK(lines[0]["tries"] == 1);
    CHECK(lines[1]["platform"] == "android");
    CHECK(lines[2]["settled_at"].is_string());

    const auto status = desk.run({"--json", "status", "sale"}).document();
    CHECK(status["counts"]["delivered"] == 3);
    CHECK(status["recipients"] == 3);
    CHECK(contains(desk.run({"status", "sale"}).out, "Next: `pushonce report sale`"));
    CHECK(contains(desk.run({"status"}).out, "sale"));

    const auto found = desk.run({"--json", "lookup", "d-2"}).lines();
    REQUIRE(found.size() == 1);
    CHECK(found[0]["campaign"] == "sale");
    CHECK(found[0]["notification_id"] == lines[1]["notification_id"]);

    desk.run({"report", "sale", "--format", "csv", "--output", desk.path("sale.csv")});
    std::ifstream table(desk.path("sale.csv"));
    std::string header;
    std::getline(table, header);
    CHECK(header.starts_with("campaign,appid,outcome,reason,"));
}

TEST_CASE("a plan changes nothing and counts what a launch would do") {
    const Desk desk;
    const auto plan = desk.run({"--json", "plan", desk.path("sale.yaml")});
    CHECK(plan.code == 0);
    CHECK(plan.document()["audience"]["recipients"] == 3);
    CHECK(plan.document()["store"]["new"] == 3);
    CHECK(plan.document()["store"]["state"].is_null());
    CHECK(plan.document()["gateways"][0]["payload_bytes"] > 0);
    CHECK(desk.run({"status"}).out.find("sale") == std::string::npos);

    desk.run({"launch", desk.path("sale.yaml")});
    const auto after = desk.run({"--json", "plan", desk.path("sale.yaml")}).document();
    CHECK(after["store"]["delivered"] == 3);
    CHECK(after["store"]["new"] == 0);
    CHECK(after["store"]["state"] == "done");
}

TEST_CASE("a plan makes no store, and plans as against an empty one") {
    const Desk desk;
    const auto said = desk.run({"plan", desk.path("sale.yaml")});
    CHECK(said.code == 0);
    CHECK(contains(said.out, "3 new: there is no store yet"));
    CHECK_FALSE(std::filesystem::exists(desk.path("store.db")));
    const auto plan = desk.run({"--json", "plan", desk.path("sale.yaml")}).document();
    CHECK(plan["store"]["is_missing"] == true);
    CHECK(plan["store"]["new"] == 3);
    CHECK(plan["similar"].is_null());

    // Of a campaign's outcomes there can be none.
    desk.write("again.yaml",
               "campaign: again\naudience: {campaign: sale}\ngateway: hook\n"
               "message: {template: promo.yaml, data: {discount: 20}}\n");
    CHECK_THROWS_AS(desk.run({"plan", desk.path("again.yaml")}), ConfigError);
    CHECK_FALSE(std::filesystem::exists(desk.path("store.db")));

    desk.run({"launch", desk.path("sale.yaml")});
    CHECK(desk.run({"--json", "plan", desk.path("sale.yaml")}).document()["store"]["is_missing"] ==
          false);
}

TEST_CASE("a plan counts whoever opted out as suppressed, and not as to be sent") {
    const Desk desk;
    desk.run({"suppress", "add", "d-1", "--because", "asked for it"});
    desk.run({"suppress", "add", "d-9", "--because", "not in this audience"});
    const auto said = desk.run({"plan", desk.path("sale.yaml")});
    CHECK(contains(said.out, "2 new"));
    CHECK(contains(said.out, "1 more opted out: suppressed"));
    const auto plan = desk.run({"--json", "plan", desk.path("sale.yaml")}).document();
    CHECK(plan["store"]["new"] == 2);
    CHECK(plan["store"]["suppressed"] == 1);

    // What is settled stays what it is: they have a flag now.
    desk.run({"launch", desk.path("sale.yaml")});
    const auto after = desk.run({"--json", "plan", desk.path("sale.yaml")}).document();
    CHECK(after["store"]["delivered"] == 2);
    CHECK(after["store"]["skipped"] == 1);
    CHECK(after["store"]["suppressed"] == 0);
}

TEST_CASE("a copy of a campaign under a new name is refused, unless it is wanted") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    desk.write("copy.yaml", Desk::campaign("sale-copy"));

    const auto planned = desk.run({"plan", desk.path("copy.yaml")});
    CHECK(planned.code == 0);
    CHECK(contains(planned.out, "100 % of these devices got this text from sale (done, "));
    const auto refused = desk.run({"--json", "launch", desk.path("copy.yaml")});
    CHECK(refused.code == 4);
    CHECK(contains(refused.err, "`pushonce restart sale`, or `once_per: sale`"));
    CHECK(contains(refused.err, "copy.yaml --despite-similar"));
    CHECK(contains(refused.document()["error"], "Refused: 100 % of these devices got this text"));
    CHECK(refused.document()["exit_code"] == 4);
    const auto similar = refused.document()["similar"];
    CHECK(similar["share"] == 1);
    CHECK(similar["is_sample"] == false);
    CHECK(similar["campaigns"][0]["campaign"] == "sale");
    CHECK(similar["campaigns"][0]["delivered"] == 3);
    CHECK_THROWS_AS(desk.run({"status", "sale-copy"}), ConfigError);

    desk.write("fixed.yaml", Desk::campaign("sale-fixed", "once_per: sale\n"));
    CHECK(desk.run({"--json", "launch", desk.path("fixed.yaml")}).document()["sent"] == 0);

    const auto wanted = desk.run({"--json", "launch", desk.path("copy.yaml"), "--despite-similar"});
    CHECK(wanted.code == 0);
    CHECK(wanted.document()["sent"] == 3);
    CHECK(contains(desk.run({"audit", "sale-copy"}).out, "despite-similar"));
    CHECK(contains(desk.run({"audit", "sale-copy"}).out,
                   "3 of 3 devices got the text under another name: sale (3, likeness 1.00)"));
    // It is there now: launching it again joins it.
    CHECK(desk.run({"launch", desk.path("copy.yaml")}).code == 0);
}

TEST_CASE("a fifth of the devices is a look-alike, less is not") {
    const Desk desk;
    const auto audience = [&](const std::string& name, int devices) {
        std::string rows = "appid,name\n";
        for (int i = 1; i <= devices; ++i)
            rows += "d-" + std::to_string(i) + ",Al\n";
        desk.write(name + ".csv", rows);
        auto text = Desk::campaign(name);
        text.replace(text.find("audience.csv"), 12, name + ".csv");
        desk.write(name + ".yaml", text);
        return desk.path(name + ".yaml");
    };
    desk.run({"launch", audience("one", 1)});
    const auto six = audience("six", 6);
    CHECK(desk.run({"--json", "plan", six}).document()["similar"].is_null());
    const auto refused = desk.run({"launch", audience("five", 5)});
    CHECK(refused.code == 4);
    CHECK(contains(refused.err, "20 % of these devices got this text from one"));
    CHECK(desk.run({"launch", six}).code == 0);
}

TEST_CASE("whoever may have got the text counts, and the sentence says may") {
    const Desk desk;
    desk.write("pushonce.yaml", Desk::server("accept: none, otherwise: doubt"));
    desk.run({"launch", desk.path("sale.yaml")});
    desk.write("copy.yaml", Desk::campaign("sale-copy"));
    const auto refused = desk.run({"--json", "launch", desk.path("copy.yaml")});
    CHECK(refused.code == 4);
    CHECK(contains(refused.err,
                   "100 % of these devices may have got this text from sale (done, with doubt, "));
    CHECK(refused.document()["similar"]["campaigns"][0]["in_doubt"] == 3);
    CHECK(refused.document()["similar"]["campaigns"][0]["delivered"] == 0);
}

TEST_CASE("rejected devices got nothing, and a text made of columns is no evidence") {
    const Desk desk;
    desk.write("pushonce.yaml", Desk::server("accept: none, otherwise: reject"));
    desk.run({"launch", desk.path("sale.yaml")});
    desk.write("pushonce.yaml", Desk::server("accept: all"));
    desk.write("copy.yaml", Desk::campaign("sale-copy"));
    CHECK(desk.run({"launch", desk.path("copy.yaml")}).code == 0);

    desk.write("promo.yaml",
               "default: en\nlocales:\n  en: {title: \"{{name}}\", body: \"{{locale}}!\"}\n");
    for (const auto* const name : {"first", "second"}) {
        desk.write("columns.yaml", Desk::campaign(name));
        CHECK(desk.run({"launch", desk.path("columns.yaml")}).code == 0);
    }
}

TEST_CASE("an offline plan needs no store") {
    const Desk desk;
    CHECK(desk.run({"plan", desk.path("sale.yaml"), "--offline"}).code == 0);
    CHECK_FALSE(std::filesystem::exists(desk.path("store.db")));
}

TEST_CASE("an unknown variable is told at the plan, with its file") {
    const Desk desk;
    desk.write("promo.yaml", "default: en\nlocales:\n  en: {title: \"{{nmae}}\", body: x}\n");
    CHECK_THROWS_AS(desk.run({"plan", desk.path("sale.yaml")}), ConfigError);
    try {
        desk.run({"plan", desk.path("sale.yaml")});
    } catch (const ConfigError& error) {
        CHECK(contains(error.what(), "promo.yaml:3:16: unknown variable {{nmae}}"));
        CHECK(contains(error.what(), "did you mean 'name'"));
    }
}

TEST_CASE("a changed file is refused with the difference") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    desk.write("promo.yaml", "default: en\nlocales:\n  en: {title: \"Hello\", body: \"x\"}\n");
    try {
        desk.run({"launch", desk.path("sale.yaml")});
        FAIL("it was not refused");
    } catch (const RefusedError& error) {
        CHECK(contains(error.what(), "Hi {{name}}"));
        CHECK(contains(error.what(), "Hello"));
        CHECK(contains(error.what(), "once_per: sale"));
    }
}

TEST_CASE("campaigns of one scope reach a device once, and the report says by whom") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    desk.write("audience.csv", "appid,name\nd-2,Bo\nd-9,Di\n");
    desk.write("more.yaml", Desk::campaign("more", "once_per: sale\n"));
    const auto launched = desk.run({"--json", "launch", desk.path("more.yaml")}).document();
    CHECK(launched["sent"] == 1);
    CHECK(launched["counts"]["skipped"] == 1);
    const auto lines = desk.run({"report", "more"}).lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["reason"] == "already_by:sale");
    CHECK(lines[1]["outcome"] == "delivered");
    CHECK(desk.run({"--json", "status", "more"}).document()["counts"]["skipped"] == 1);
}

TEST_CASE("a test send spends flags of its own") {
    const Desk desk;
    const auto test = desk.run({"--json", "test", desk.path("sale.yaml"), "--appid", "d-1", "d-3"});
    CHECK(test.code == 0);
    CHECK(test.document()["campaign"] == "sale#test-1");
    CHECK(test.document()["sent"] == 2);
    desk.write("me.csv", "appid,name\nme,Me\n");
    const auto second =
        desk.run({"--json", "test", desk.path("sale.yaml"), "--audience", desk.path("me.csv")});
    CHECK(second.document()["campaign"] == "sale#test-2");
    CHECK(desk.run({"--json", "launch", desk.path("sale.yaml")}).document()["sent"] == 3);
    CHECK_THROWS_AS(desk.run({"test", desk.path("sale.yaml"), "--appid", "nobody"}), ConfigError);
}

TEST_CASE("a preview shows the request of one device") {
    const Desk desk;
    const auto shown =
        desk.run({"--json", "preview", desk.path("sale.yaml"), "--appid", "d-1"}).document();
    CHECK(contains(shown["body"], "Hi Al"));
    CHECK_THROWS_AS(desk.run({"preview", desk.path("sale.yaml"), "--appid", "nobody"}),
                    ConfigError);
}

TEST_CASE("devices in doubt are held until an operator settles them") {
    const Desk desk;
    desk.write("pushonce.yaml", Desk::server("accept: none, otherwise: doubt"));
    CHECK(desk.run({"launch", desk.path("sale.yaml")}).code == 3);
    const auto line = desk.run({"report", "sale"}).lines().front();
    CHECK(line["outcome"] == "in_doubt");
    CHECK(line["reason"].get<std::string>().starts_with("timeout:2"));
    CHECK(contains(desk.run({"status", "sale"}).out, "pushonce resolve sale"));

    desk.run({"resolve", "sale", "--assume-delivered", "--appid", "d-1", "--because", "seen"});
    CHECK(desk.run({"report", "sale"}).lines()[0]["reason"] == "assumed");
    desk.run({"resolve", "sale", "--skip", "--appid", "d-2"});
    CHECK(desk.run({"report", "sale"}).lines()[1]["reason"] == "resolved");

    desk.write("pushonce.yaml", Desk::server("accept: all"));
    desk.run({"resolve", "sale", "--resend", "--all", "--because", "rather twice"});
    const auto restarted = desk.run({"--json", "restart", "sale"});
    CHECK(restarted.code == 0);
    CHECK(restarted.document()["sent"] == 1);
    CHECK(contains(desk.run({"audit", "sale"}).out, "rather twice"));
}

TEST_CASE("what is rejected is told with its reason and is a success") {
    const Desk desk;
    desk.write("pushonce.yaml", Desk::server("accept: none, otherwise: reject"));
    const auto launched = desk.run({"--json", "launch", desk.path("sale.yaml")});
    CHECK(launched.code == 0);
    CHECK(launched.document()["counts"]["rejected"] == 3);
}

TEST_CASE("a finished campaign cannot be paused or cancelled any more") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    CHECK_THROWS_AS(desk.run({"pause", "sale", "--because", "x"}), RefusedError);
    CHECK_THROWS_AS(desk.run({"cancel", "sale", "--because", "x"}), RefusedError);
    CHECK_THROWS_AS(desk.run({"resume", "sale", "--because", "x"}), RefusedError);
}

TEST_CASE("an unknown campaign is told with the one that was meant") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    for (const auto* const verb : {"status", "report", "show", "restart", "audit"})
        CHECK_THROWS_AS(desk.run({verb, "sael"}), ConfigError);
}

TEST_CASE("show gives back the file and the message as sealed, audit who ordered what") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    const auto shown = desk.run({"show", "sale"}).out;
    CHECK(contains(shown, Desk::campaign("sale")));
    CHECK(contains(shown, "Hi {{name}}"));
    const auto audit = desk.run({"--json", "audit", "sale"}).lines();
    REQUIRE_FALSE(audit.empty());
    CHECK(audit.front()["from"] == "command line");
    CHECK(contains(audit.front()["who"], "@"));
}

TEST_CASE("restart says first how the campaign stands, and a dry run changes nothing") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    const auto dry = desk.run({"restart", "sale", "--dry-run"});
    CHECK(dry.code == 0);
    CHECK(contains(
        dry.err, "sale is done: delivered 3, rejected 0, retryable 0, in doubt 0, never tried 0"));
    CHECK(contains(desk.run({"restart", "sale"}).err, "already finished: 0 sent"));
}

TEST_CASE("the doctor finds a fresh embedded set-up fit") {
    const Desk desk;
    CHECK(desk.run({"store", "init"}).code == 0);
    const auto examined = desk.run({"--json", "doctor"});
    INFO(examined.out);
    CHECK(examined.code == 0);
    CHECK(examined.lines().size() > 4);
}

TEST_CASE("a store that the first launch makes is worth a note, and no problem") {
    const Desk desk;
    const auto examined = desk.run({"doctor"});
    INFO(examined.out);
    CHECK(examined.code == 0);
    CHECK(contains(examined.out, "is not made yet: the first launch makes it"));
    CHECK(contains(examined.out, "pushonce store init"));
    CHECK(contains(examined.out, "gateway hook: credentials can be read; it sends nothing"));
    desk.run({"launch", desk.path("sale.yaml")});
    for (const char* name : {"store.db", "store.db-wal", "store.db-shm"})
        std::filesystem::remove(desk.path(name));
    const auto lost = desk.run({"doctor"});
    CHECK(lost.code == 2);
    const std::regex sentence("store.db is gone: it was sent from before \\(store [0-9a-f]{32}, ");
    INFO(lost.out);
    CHECK(std::regex_search(lost.out, sentence));
}

TEST_CASE("init writes files that work as they are, and never overwrites") {
    const dispatcher::test::TemporaryFolder folder;
    const auto root = std::filesystem::path(folder.path()) / "demo";
    std::ostringstream out;
    std::ostringstream err;
    CHECK(run({"init", root.string()}, out, err) == 0);
    CHECK(std::filesystem::exists(root / "var/mock/ca.pem"));
    const auto server = (root / "config/pushonce.yaml").string();
    const auto campaign = (root / "config/hello.yaml").string();
    CHECK(run({"--config", server, "plan", campaign}, out, err) == 0);
    CHECK(contains(out.str(), "20 devices"));
    // The keys can be read, but nobody plays the gateway: not at port 1, whatever runs here.
    std::stringstream text;
    text << std::ifstream(server).rdbuf();
    const auto elsewhere = std::regex_replace(text.str(), std::regex(":8443"), ":1");
    CHECK(elsewhere != text.str());
    std::ofstream(server) << elsewhere;
    CHECK(run({"--config", server, "plan", campaign, "--with-gateways"}, out, err) == 5);
    CHECK(contains(out.str(), "127.0.0.1:1 "));
    CHECK_THROWS_AS(run({"init", root.string()}, out, err), RefusedError);
}

TEST_CASE("a store without campaigns says so, and what to type") {
    const Desk desk;
    const auto said = desk.run({"status"});
    CHECK(said.code == 0);
    CHECK(contains(said.err, "no campaign yet"));
    CHECK(contains(said.out, "Next: `pushonce plan FILE`"));
    CHECK(desk.run({"--json", "status"}).out.empty());
}

TEST_CASE("the page is written to a file or to standard output") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    const auto page = desk.run({"report", "sale", "--format", "html"});
    CHECK(page.code == 0);
    CHECK(contains(page.out, "<!doctype html>"));
    CHECK(contains(page.out, "<b>3 of 3 devices</b> delivered"));
    CHECK(contains(page.out, "Hi {{name}}"));
    const auto said =
        desk.run({"report", "sale", "--format", "html", "--output", desk.path("sale.html")});
    CHECK(contains(said.err, "3 devices in "));
    std::ostringstream file;
    file << std::ifstream(desk.path("sale.html")).rdbuf();
    CHECK(contains(file.str(), "</html>"));
}

TEST_CASE("a report that goes to a file says as JSON where it went, and what is in it") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    for (const auto* const format : {"ndjson", "csv", "html"}) {
        const auto said = desk.run(
            {"--json", "report", "sale", "--format", format, "--output", desk.path("sale.out")});
        CHECK(said.code == 0);
        const auto document = said.document();
        CHECK(document["campaign"] == "sale");
        CHECK(document["format"] == format);
        CHECK(document["output"] == desk.path("sale.out"));
        CHECK(document["members"] == 3);
        CHECK(document["counts"]["delivered"] == 3);
        CHECK(document["counts"]["in_doubt"] == 0);
    }
    CHECK(desk.run({"report", "sale", "--output", desk.path("sale.out")}).out.empty());
}

TEST_CASE("a plan says that the first devices go ahead") {
    const Desk desk;
    const auto plan = [&](const std::string& delivery) {
        desk.write("sale.yaml", Desk::campaign("sale", delivery));
        return desk.run({"plan", desk.path("sale.yaml")}).out;
    };
    CHECK_FALSE(contains(plan(""), "first  "));
    CHECK(contains(plan("delivery: {first: {count: 2, then: pause}}\n"),
                   "first       2 devices, then it pauses: look, and `pushonce resume sale"));
    CHECK(contains(plan("delivery: {first: {count: 1, then: 30m}}\n"),
                   "first       1 device, then it waits 30 min"));
    const auto view = desk.run({"--json", "plan", desk.path("sale.yaml")}).document();
    CHECK(view["first"]["count"] == 1);
    CHECK(view["gateways"][0]["payload_measure"] == "the request's body");
}

TEST_CASE("a launch under a halt fails in JSON as every command does") {
    const Desk desk;
    desk.run({"store", "init"});
    desk.run({"halt", "--because", "look"});
    const auto refused = desk.run({"--json", "launch", desk.path("sale.yaml")});
    CHECK(refused.code == 6);
    CHECK(refused.document()["exit_code"] == 6);
    CHECK(contains(refused.document()["error"], "The store is halted"));
}

TEST_CASE("a device's history has the text that it got, and why it got none") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    desk.write("again.yaml", Desk::campaign("again", "once_per: sale\n"));
    desk.run({"launch", desk.path("again.yaml")});
    const auto told = desk.run({"--json", "lookup", "d-1", "--explain"}).lines();
    REQUIRE(told.size() == 2);
    CHECK(told[0]["campaign"] == "sale");
    CHECK(told[0]["outcome"] == "delivered");
    CHECK(told[0]["text"]["title"] == "Hi Al");
    CHECK(told[0]["text"]["body"] == "20 off");
    CHECK(told[0]["orders"][0]["action"] == "launch");
    CHECK(told[1]["reason"] == "already_by:sale");
    CHECK(told[1]["notification_id"].is_null());
    CHECK(contains(told[1]["why"], "sale holds this device's flag in the scope sale"));
    const auto text = desk.run({"lookup", "d-1", "--explain"}).out;
    CHECK(contains(text, "sale: delivered over hook\n"));
    CHECK(contains(text, "Hi Al\n                20 off\n"));
    CHECK(contains(text, "claimed once, 1 request"));
    const auto shown = desk.run({"--json", "preview", desk.path("sale.yaml"), "--appid", "d-1"});
    const auto request = shown.document();
    for (const char* part : {"method", "url", "headers", "body"})
        CHECK(told[0]["text"]["request"][part] == request[part]);
    CHECK(contains(text, "request       NONE loopback:d-1\n"));
    CHECK(request["payload_bytes"] == request["body"].get<std::string>().size());
    CHECK(contains(desk.run({"lookup", "d-9", "--explain"}).err, "No campaign"));
}

TEST_CASE("a forgotten device is out of the report but for its line") {
    const Desk desk;
    desk.run({"launch", desk.path("sale.yaml")});
    CHECK(desk.run({"forget", "d-2"}).code == 2);  // the audit wants to know why
    const auto said = desk.run({"--json", "forget", "d-2", "--because", "asked"});
    CHECK(said.code == 0);
    CHECK(said.document()["campaigns"] == json::array({"sale"}));
    const auto lines = desk.run({"report", "sale"}).lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[2]["appid"].get<std::string>().starts_with("forgotten:"));
    CHECK(lines[2]["outcome"] == "delivered");
    CHECK(lines[2]["platform"].is_null());
    CHECK(desk.run({"show", "sale", "--check-seal"}).code == 0);
    CHECK(desk.run({"forget", "d-1", "--because", "asked"}).code == 0);
    CHECK(desk.run({"forget", "d-3", "--because", "asked"}).code == 0);  // nobody is left in it
    CHECK(desk.run({"report", "sale"}).lines().size() == 3);
    CHECK(desk.run({"show", "sale", "--check-seal"}).code == 0);
    CHECK(desk.run({"restart", "sale"}).code == 0);
}

}  // namespace dispatcher::cli
