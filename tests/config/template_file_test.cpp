#include "config/template_file.h"

#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config_folder.h"
#include "support/catch.h"

using namespace dispatcher;
using dispatcher::test::ConfigFolder;

namespace {

Message load(const ConfigFolder& folder, const std::string& text) {
    Message message;
    Problems problems;
    read_template_file(folder.write("t.yaml", text), message, problems);
    problems.throw_if_any();
    return message;
}

std::string problem_of(const std::string& text) {
    const ConfigFolder folder;
    return folder.problem_of([&] { load(folder, text); });
}

std::string block(const std::string& yaml) {
    return load(ConfigFolder(), "default: en\nlocales: {en: {}}\napns: " + yaml + "\n")
        .blocks.at("apns");
}

std::string block_problem(const std::string& yaml) {
    return problem_of("default: en\nlocales: {en: {}}\napns: " + yaml + "\n");
}

}  // namespace

TEST_CASE("every text of a template arrives where it belongs", "[unit]") {
    const auto message = load(ConfigFolder(), R"(
default: en
locales:
  en: {title: "{{name}}", body: yes, image: https://x/i.png, link: "l", data: {k: 010, q: "{{n}}"}}
  de-AT:
    title: |
      zwei
      Zeilen
  no: {}
webhook: {a: 1}
fcm: {}
)");
    CHECK(message.default_locale == "en");
    REQUIRE(message.locales.size() == 3);
    CHECK(message.locales.at("en") ==
          LocaleText{"{{name}}", "yes", "https://x/i.png", "l", {{"k", "010"}, {"q", "{{n}}"}}});
    CHECK(message.locales.at("de-AT").title == "zwei\nZeilen\n");
    CHECK(message.locales.at("no") == LocaleText{});
    CHECK(message.blocks ==
          std::map<std::string, std::string>{{"webhook", R"({"a":1})"}, {"fcm", "{}"}});
}

TEST_CASE("a block keeps its order, its types and its texts", "[unit]") {
    CHECK(block("{z: 1, a: {list: [true, false, null, ~, x], n: }}") ==
          R"({"z":1,"a":{"list":[true,false,null,null,"x"],"n":null}})");
    CHECK(block("{a: 0, b: -1.5e3, c: 9223372036854775807, d: 1.10}") ==
          R"({"a":0,"b":-1.5e3,"c":9223372036854775807,"d":1.10})");
    CHECK(
        block("{a: 010, b: yes, c: True, d: 0x10, e: 1., f: .5, g: +1, h: 1_000, i: .inf, j: -}") ==
        R"({"a":"010","b":"yes","c":"True","d":"0x10","e":"1.","f":".5","g":"+1","h":"1_000",)"
        R"("i":".inf","j":"-"})");
    CHECK(block(R"({a: "1", b: 'true', c: "null", d: ""})") ==
          R"({"a":"1","b":"true","c":"null","d":""})");
    CHECK(block(R"({"k\"ey": "a\"\\\n\u00fc{{name}}"})") == R"({"k\"ey":"a\"\\\nü{{name}}"})");
}

TEST_CASE("every block is valid JSON", "[unit]") {
    for (const auto* yaml : {"{a: [], b: {}, c: [[], {}]}", "{1: 2}", "{a: -0, b: -, c: --1}",
                             "{\"\": \"\\u0001\\t\"}", "{a: 1e5, b: 1e, c: 1e+}"}) {
        INFO(yaml);
        CHECK(nlohmann::json::accept(block(yaml)));
    }
}

TEST_CASE("mistakes in blocks are told at their place", "[unit]") {
    CHECK(
        block_problem("{a: 9223372036854775808}") ==
        "t.yaml:3:11: apns.a: the number 9223372036854775808 is too large; quote it to send it as "
        "a text");
    CHECK(block_problem("{a: [1e999]}") ==
          "t.yaml:3:12: apns.a[0]: the number 1e999 is too large; quote it to send it as a text");
    CHECK(block_problem("{aps: {alert: \"{{#x}}\"}}") ==
          "t.yaml:3:21: section {{#x}} is never closed; add {{/x}}");
    CHECK(block_problem("[1]") ==
          "t.yaml:3:7: apns must be a map of keys and values, but is a list");
    CHECK(block_problem("{a: 1, a: 2}") == "t.yaml:3:14: key 'a' is given twice; first in line 3");
}

TEST_CASE("mistakes in templates are told at their place", "[unit]") {
    CHECK(problem_of("locales: {en: {}}\n") == "t.yaml:1:1: default is missing");
    CHECK(problem_of("default: en\n") == "t.yaml:1:1: locales is missing");
    CHECK(problem_of("default: en\nlocales: {}\n") ==
          "t.yaml:2:10: locales is empty; give at least the default one");
    CHECK(problem_of("default: en-GB\nlocales: {de: {}, en: {}}\n") ==
          "t.yaml:1:10: default: 'en-GB' is not among the locales; known: de, en");
    CHECK(problem_of("default: en\nlocales: {en: {titel: x}}\n") ==
          "t.yaml:2:16: unknown key 'titel' in locales.en; did you mean 'title'?");
    CHECK(problem_of("default: en\nlocales: {en: {title: [x]}}\n") ==
          "t.yaml:2:23: locales.en.title must be a single value, but is a list");
    CHECK(problem_of("default: en\nlocales: {en: {data: {k: {}}}}\n") ==
          "t.yaml:2:26: locales.en.data.k must be a single value, but is a map");
    CHECK(problem_of("default: en\nlocales: {en: {data: {k: \"{{/x}}\"}}}\n") ==
          "t.yaml:2:26: {{/x}} closes a section that was never opened");
    CHECK(problem_of("default: en\nlocales: {en: {}, \"d e\": {}}\n") ==
          "t.yaml:2:26: 'd e' is not a locale such as en or de-AT");
    CHECK(problem_of("default: en\nlocales: {en: {}}\napsn: {}\n") ==
          "t.yaml:3:1: unknown key 'apsn'; did you mean 'apns'?");
    CHECK(
        problem_of("default: en\nlocales: {en: {title: \"${param:x}\"}}\n") ==
        "t.yaml:2:23: ${param:…} does not work in a template; put the value under message.data of "
        "the campaign file and write {{name}}");
}
