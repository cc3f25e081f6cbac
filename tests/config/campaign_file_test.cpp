#include "config/campaign_file.h"

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "config/config_folder.h"
#include "support/catch.h"

using namespace dispatcher;
using namespace std::chrono_literals;
using dispatcher::test::ConfigFolder;

namespace {

const std::vector<std::string> kGateways = {"apns", "fcm", "nowhere"};

/// A folder with an audience and a template for the campaign files of a test.
class CampaignFolder : public ConfigFolder {
  public:
    CampaignFolder() {
        write("a.csv", "appid,token\n");
        write("templates/promo.yaml", "default: en\nlocales: {en: {title: T}}\n");
    }

    CampaignFile load(const std::string& text,
                      const std::map<std::string, std::string>& params = {}) const {
        return load_campaign_file(write("c.yaml", text), params, kGateways);
    }
    [[nodiscard]] std::string problem(const std::string& text) const {
        return problem_of([&] { load(text); });
    }
};

/// Five good lines; what a test adds begins in line 6.
std::string with(const std::string& text) {
    return "campaign: sale\naudience: {file: a.csv}\ngateway: apns\nmessage: {template: "
           "promo}\n\n" +
           text;
}

/// Good lines but for the value of one key; that is in line 5.
std::string with_message(const std::string& keys) {
    return "campaign: sale\naudience: {file: a.csv}\ngateway: apns\nmessage:\n  template: promo\n "
           " " +
           keys + "\n";
}
std::string with_audience(const std::string& keys) {
    return "campaign: sale\ngateway: apns\nmessage: {template: promo}\naudience:\n  file: a.csv\n "
           " " +
           keys + "\n";
}

}  // namespace

TEST_CASE("every key of the campaign file arrives where it belongs", "[unit]") {
    const CampaignFolder folder;
    folder.write("other/t.yaml", "default: de\nlocales: {de: {title: T}}\n");
    const std::string text = R"(
campaign: spring-sale-2027
once_per: spring
audience:
  file: a.csv
  expect: {min: 1, max: 2000000}
  on_bad_row: skip
  on_shared_token: first
gateway: {ios: fcm, android: fcm, web: apns}
message:
  template: other/t.yaml
  data: {discount: 010, yes: no, quoted: "7", empty: ""}
  ttl: 90m
  priority: normal
  collapse: {key: "{{city}}"}
delivery:
  rate: 600/m
  deadline: 24h
  retry: {attempts: 3, first: 2s, max: 1m}
  in_doubt: resend
)";
    const auto file = folder.load(text);
    CHECK(file.path == folder.file("c.yaml"));
    CHECK(file.source_text == text);
    CHECK(file.name.text() == "spring-sale-2027");
    CHECK(file.once_per == "spring");
    CHECK(file.audience.file == folder.file("a.csv"));
    CHECK(file.audience.expect_min == 1U);
    CHECK(file.audience.expect_max == 2'000'000U);
    CHECK(file.audience.on_bad_row == OnBadRow::skip);
    CHECK(file.audience.on_shared_token == OnSharedToken::first);
    CHECK(file.routing.gateways == std::vector<std::string>{"apns", "fcm"});
    CHECK(file.routing.gateway_for("ios") == GatewayNo{1});
    CHECK(file.routing.gateway_for("android") == GatewayNo{1});
    CHECK(file.routing.gateway_for("web") == GatewayNo{0});
    CHECK_FALSE(file.routing.gateway_for("").has_value());
    CHECK(file.template_path == folder.file("other/t.yaml"));
    CHECK(file.message.default_locale == "de");
    CHECK(file.message.data ==
          std::map<std::string, std::string>{
              {"discount", "010"}, {"yes", "no"}, {"quoted", "7"}, {"empty", ""}});
    CHECK(file.message.ttl == 90min);
    CHECK(file.message.priority == Priority::normal);
    CHECK(file.message.collapse == CollapseMode::key);
    CHECK(file.message.collapse_key == "{{city}}");
    CHECK(file.settings.rate_per_second == 10.0);
    CHECK(file.settings.deadline_after == 24h);
    CHECK_FALSE(file.settings.deadline_at.has_value());
    CHECK(file.settings.retry.attempts == 3);
    CHECK(file.settings.retry.first == 2s);
    CHECK(file.settings.retry.max == 1min);
    CHECK(file.in_doubt == InDoubtPolicy::resend);
}

TEST_CASE("what a campaign file leaves out has its default", "[unit]") {
    const CampaignFolder folder;
    const auto file = folder.load(with(""));
    CHECK(file.once_per == "sale");
    CHECK_FALSE(file.audience.expect_min.has_value());
    CHECK(file.audience.on_bad_row == OnBadRow::stop);
    CHECK(file.audience.on_shared_token == OnSharedToken::stop);
    CHECK(file.routing.gateways == std::vector<std::string>{"apns"});
    CHECK(file.routing.gateway_for("anything") == GatewayNo{0});
    CHECK(file.template_path == folder.file("templates/promo.yaml"));
    CHECK(file.message.ttl == 12h);
    CHECK(file.message.priority == Priority::high);
    CHECK(file.message.collapse == CollapseMode::automatic);
    CHECK(file.settings.rate_per_second == 0);
    CHECK_FALSE(file.settings.deadline_after.has_value());
    CHECK(file.settings.retry.attempts == 6);
    CHECK(file.in_doubt == InDoubtPolicy::hold);
}

TEST_CASE("a campaign file may be JSON", "[unit]") {
    const CampaignFolder folder;
    const auto file = folder.load(
        R"({"campaign": "sale", "audience": {"file": "-"}, "gateway": "fcm",
            "message": {"template": "promo", "ttl": "0s", "collapse": "none"},
            "delivery": {"deadline": "2027-03-01T10:00:00+01:00"}})");
    CHECK(file.audience.file == "-");
    CHECK(file.message.ttl == 0s);
    CHECK(file.message.collapse == CollapseMode::none);
    CHECK(file.settings.deadline_at == WallTime{1'803'891'600'000ms});
    CHECK_FALSE(file.settings.deadline_after.has_value());
}

TEST_CASE("the same routing in another order is the same routing", "[unit]") {
    const CampaignFolder folder;
    const auto routing = [&](const std::string& map) {
        return folder
            .load("campaign: sale\naudience: {file: a.csv}\nmessage: {template: promo}\ngateway: " +
                  map + "\n")
            .routing;
    };
    const auto one = routing("{ios: nowhere, android: fcm}");
    const auto other = routing("{android: fcm, ios: nowhere}");
    CHECK(one.gateways == other.gateways);
    CHECK(one.by_platform == other.by_platform);
}

TEST_CASE("a template is found beside the campaign file or in the folder above", "[unit]") {
    const CampaignFolder folder;
    const auto path = folder.write("config/c.yaml", with(""));
    folder.write("config/a.csv", "appid\n");
    CHECK(load_campaign_file(path, {}, kGateways).template_path ==
          folder.file("templates/promo.yaml"));
    folder.write("config/templates/promo.yaml", "default: de\nlocales: {de: {title: D}}\n");
    const auto file = load_campaign_file(path, {}, kGateways);
    CHECK(file.template_path == folder.file("config/templates/promo.yaml"));
    CHECK(file.message.default_locale == "de");
    CHECK(folder.problem_of([&] {
        load_campaign_file(folder.write("config/d.yaml",
                                        "campaign: sale\naudience: {file: a.csv}\n"
                                        "gateway: apns\nmessage: {template: none}\n"),
                           {}, kGateways);
    }) == "config/d.yaml:4:21: message.template: there is no config/templates/none.yaml");
}

TEST_CASE("parameters fill the file, and an unset one is told at its place", "[unit]") {
    const CampaignFolder folder;
    const auto text = with_message("data: {code: \"A-${param:code}-${param:n}\"}");
    CHECK(folder.load(text, {{"code", "${param:n}: \"x\""}, {"n", "7"}}).message.data.at("code") ==
          "A-${param:n}: \"x\"-7");
    CHECK(folder.problem(text) ==
          "c.yaml:6:16: the parameter code is not set; give it with --param code=VALUE");
    CHECK(folder.problem(with_message("data: {x: \"${env:HOME}\"}")) ==
          "c.yaml:6:13: ${env:HOME} works in the server file only");
    CHECK(folder.problem(with_message("data: {x: \"${file:/etc/passwd}\"}")) ==
          "c.yaml:6:13: ${file:/etc/passwd} works in the server file only");
    CHECK(folder.problem(with_message("data: {x: \"${price}\"}")) ==
          "c.yaml:6:13: ${price} is unknown; known here: ${param:…}");
}

TEST_CASE("keys of features to come are never passed over in silence", "[unit]") {
    const CampaignFolder folder;
    const auto coming = [](const std::string& place, const std::string& key) {
        return "c.yaml:" + place + ": " + key + " is not available in this version";
    };
    CHECK(folder.problem(with("schedule: {start: x}\n")) == coming("6:19", "schedule.start"));
    CHECK(folder.problem(with("limits: {}\n")) == coming("6:9", "limits"));
    CHECK(folder.problem(with("variants: []\n")) == coming("6:11", "variants"));
    CHECK(folder.problem(with("delivery: {spread: 2h}\n")) == coming("6:20", "delivery.spread"));
}

TEST_CASE("a look after the first recipients names their number and what then", "[unit]") {
    const CampaignFolder folder;
    CHECK(
        folder.load(with("delivery: {first: {count: 1000, then: pause}}\n")).settings.first_count ==
        1000);
    CHECK(folder.problem(with("delivery: {first: {count: 1000}}\n")) ==
          "c.yaml:6:19: delivery.first.then is missing");
    CHECK(folder.problem(with("delivery: {first: {count: 0, then: stop}}\n")) ==
          "c.yaml:6:27: delivery.first.count: 0 is out of range; 1 to 4294967295 are allowed\n"
          "c.yaml:6:36: delivery.first.then: 'stop' is neither pause nor a time such as 30m, after "
          "which it goes on");
    const auto settings = folder.load(with("delivery: {first: {count: 9, then: 30m}}\n")).settings;
    CHECK(settings.first_count == 9);
    CHECK(settings.first_wait == std::chrono::minutes{30});
}

TEST_CASE("a send window names its hours and whose clocks count", "[unit]") {
    const CampaignFolder folder;
    const auto file = folder.load(
        with("schedule: {zone: Europe/Berlin, send_window: {from: \"09:00\", to: \"24:00\"}}\n"));
    REQUIRE(file.settings.send_window.has_value());
    CHECK(window_text(*file.settings.send_window) == "09:00 to 24:00 Europe/Berlin");
    CHECK(file.settings.send_window->outside == SendWindow::Outside::defer);
    CHECK(Settings::from_json(file.settings.to_json()).send_window == file.settings.send_window);
    CHECK_FALSE(file.audience.needs_timezone);
    const auto own =
        folder.load(with("schedule: {zone: recipient, send_window: {from: \"21:00\", "
                         "to: \"06:00\", outside: skip}}\n"));
    CHECK(own.audience.needs_timezone);
    CHECK(own.settings.send_window->outside == SendWindow::Outside::skip);

    const auto problem = [&](const std::string& schedule) {
        return folder.problem(with("schedule: " + schedule + "\n"));
    };
    CHECK(problem("{send_window: {from: \"09:00\", to: \"21:00\"}}") ==
          "c.yaml:6:25: schedule.send_window needs schedule.zone: whose clocks count? Write a zone "
          "such as Europe/Berlin, or recipient for each row's `timezone`");
    CHECK(
        problem("{zone: UTC, send_window: {from: \"9:00\", to: \"24:01\"}}") ==
        "c.yaml:6:43: schedule.send_window.from: '9:00' is not a time of day from 00:00 to 23:59\n"
        "c.yaml:6:55: schedule.send_window.to: '24:01' is not a time of day from 00:00 to 24:00");
    CHECK(problem("{zone: UTC, send_window: {from: \"09:00\", to: \"09:00\"}}") ==
          "c.yaml:6:36: schedule.send_window begins when it ends");
    CHECK(problem("{zone: Berlin}").find("there is no time zone 'Berlin'") != std::string::npos);
}

TEST_CASE("mistakes in the campaign file are told at their place", "[unit]") {
    const CampaignFolder folder;
    CHECK(folder.problem("{}\n") ==
          "c.yaml:1:1: campaign is missing\nc.yaml:1:1: audience is missing\n"
          "c.yaml:1:1: gateway is missing\nc.yaml:1:1: message is missing");
    CHECK(folder.problem(with("deliver: {}\n")) ==
          "c.yaml:6:1: unknown key 'deliver'; did you mean 'delivery'?");
    CHECK(folder.problem(with("campaign: other\n")) ==
          "c.yaml:6:1: key 'campaign' is given twice; first in line 1");
    CHECK(folder.problem(with("once_per: a b\n")) ==
          "c.yaml:6:11: once_per: 'a b' is not a name: letters, digits, '.', '_' and '-', at most "
          "64");
    for (const auto* rate :
         {"999999999999999999999999/s", "0.000000000000000000001/s", "1000001/s"})
        CHECK(folder.problem(with(fmt::format("delivery: {{rate: {}}}\n", rate))) ==
              fmt::format("c.yaml:6:18: delivery.rate: {} is out of range; 1/d to 1000000/s are "
                          "allowed",
                          rate));
    CHECK(folder.problem(with("delivery: {rate: fast}\n")) ==
          "c.yaml:6:18: delivery.rate: 'fast' is not a rate such as 5000/s or 100/m; leave it out "
          "for no limit");
    CHECK(folder.problem(with("delivery: {deadline: soon}\n"))
              .find("c.yaml:6:22: delivery.deadline: 'soon' is not a duration") == 0);
    CHECK(folder.problem(with("delivery: {deadline: \"2027-03-01T09:00:00\"}\n")) ==
          "c.yaml:6:22: delivery.deadline: '2027-03-01T09:00:00' is not a time with its zone, such "
          "as 2027-03-01T21:00:00+01:00 or 2027-03-01T20:00:00Z");
    CHECK(folder.problem(with("delivery: {retry: {attempts: 0}}\n")) ==
          "c.yaml:6:30: delivery.retry.attempts: 0 is out of range; 1 to 100 are allowed");
    CHECK(folder.problem(with("delivery: {retry: {first: 1m, max: 1s}}\n")) ==
          "c.yaml:6:19: delivery.retry.max is shorter than first");
    CHECK(
        folder.problem(with("delivery: {in_doubt: hodl}\n")) ==
        "c.yaml:6:22: delivery.in_doubt: 'hodl' is not one of hold, assume_delivered, resend; did "
        "you mean 'hold'?");
    CHECK(folder.problem(with("delivery: {retry: 3}\n")) ==
          "c.yaml:6:19: delivery.retry must be a map of keys and values, but is a single value");
}

TEST_CASE("mistakes in message are told at their place", "[unit]") {
    const CampaignFolder folder;
    CHECK(folder.problem(with_message("ttl: 31d")) ==
          "c.yaml:6:8: message.ttl: 31d is out of range; 0s to 30d are allowed");
    CHECK(folder.problem(with_message("ttl: 1500ms")) ==
          "c.yaml:6:8: message.ttl: gateways count whole seconds");
    CHECK(folder.problem(with_message("priority: urgent")) ==
          "c.yaml:6:13: message.priority: 'urgent' is not one of high, normal");
    CHECK(folder.problem(with_message("collapse: all"))
              .find("c.yaml:6:13: message.collapse: 'all' is not one of auto, none") == 0);
    CHECK(folder.problem(with_message("collapse: {key: \"{{city\"}")) ==
          "c.yaml:6:19: tag '{{city' is never closed; add }}");
    CHECK(folder.problem(with_message("collapse: {key: ''}")) ==
          "c.yaml:6:19: message.collapse.key is empty; write collapse: none instead");
    CHECK(folder.problem(with_message("collapse: {}")) ==
          "c.yaml:6:13: message.collapse.key is missing");
    CHECK(folder.problem(with_message("collapse: {kee: x}")) ==
          "c.yaml:6:13: message.collapse.key is missing\n"
          "c.yaml:6:14: unknown key 'kee' in message.collapse; did you mean 'key'?");
    CHECK(folder.problem(with_message("data: {a: [1]}")) ==
          "c.yaml:6:13: message.data.a must be a single value, but is a list");
    CHECK(folder.problem(with_message("data: {a: }")) ==
          "c.yaml:6:10: message.data.a has no value; write \"\" for an empty text");
    CHECK(folder.problem(with_message("data: {\"#a\": 1}")) ==
          "c.yaml:6:16: message.data: '#a' cannot be written as a variable");
    CHECK(folder.problem(with_message("titel: x"))
              .find("c.yaml:6:3: unknown key 'titel' in message") == 0);
}

TEST_CASE("mistakes in audience and gateway are told at their place", "[unit]") {
    const CampaignFolder folder;
    CHECK(folder.problem(with_audience("on_bad_rows: stop")) ==
          "c.yaml:6:3: unknown key 'on_bad_rows' in audience; did you mean 'on_bad_row'?");
    CHECK(folder.problem(with_audience("on_bad_row: ignore")) ==
          "c.yaml:6:15: audience.on_bad_row: 'ignore' is not one of stop, skip");
    CHECK(
        folder.problem(with_audience("on_shared_token: frist")) ==
        "c.yaml:6:20: audience.on_shared_token: 'frist' is not one of stop, first, allow; did you "
        "mean 'first'?");
    CHECK(folder.problem(with_audience("expect: {min: 2, max: 1}")) ==
          "c.yaml:6:17: audience.expect.min is greater than max");
    CHECK(folder.problem(with_audience("expect: {min: 1e3}")) ==
          "c.yaml:6:17: audience.expect.min: '1e3' is not a whole number such as 1000");
    CHECK(folder.problem(with_audience("expect: {mni: 1}")) ==
          "c.yaml:6:12: unknown key 'mni' in audience.expect; did you mean 'min'?");
    const auto audience = [&](const std::string& map) {
        return folder.problem("campaign: sale\naudience: " + map +
                              "\ngateway: apns\nmessage: {template: promo}\n");
    };
    CHECK(audience("{}") == "c.yaml:2:11: audience.file is missing");
    CHECK(audience("{file: none.csv}") == "c.yaml:2:18: audience.file: none.csv does not exist");
    CHECK(audience("{file: c.yaml}") ==
          "c.yaml:2:18: audience.file must end in .csv or .ndjson, with .gz or .zst after it if it "
          "is packed");
    const auto gateway = [&](const std::string& value) {
        return folder.problem("campaign: sale\naudience: {file: a.csv}\ngateway: " + value +
                              "\nmessage: {template: promo}\n");
    };
    CHECK(gateway("anps") == "c.yaml:3:10: unknown gateway 'anps'; did you mean 'apns'?");
    CHECK(gateway("{ios: apns, web: hook}") ==
          "c.yaml:3:27: unknown gateway 'hook'; known: apns, fcm, nowhere");
    CHECK(gateway("{}") == "c.yaml:3:10: gateway is empty; give one name, or platform: name");
    CHECK(gateway("[apns]") ==
          "c.yaml:3:10: gateway must be a map of keys and values, but is a list");
    CHECK(folder.problem_of([&] {
        load_campaign_file(folder.write("c.yaml", with("")), {}, {});
    }) == "c.yaml:3:10: the server file has no gateways");
}

TEST_CASE("problems of a campaign and of its template come together", "[unit]") {
    const CampaignFolder folder;
    folder.write("templates/bad.yaml", "default: en\nlocales: {en: {title: \"{{a\"}}\n");
    CHECK(folder.problem("campaign: sale\naudience: {file: a.csv}\ngateway: apsn\n"
                         "message: {template: bad}\n") ==
          "c.yaml:3:10: unknown gateway 'apsn'; did you mean 'apns'?\n"
          "templates/bad.yaml:2:23: tag '{{a' is never closed; add }}");
}
