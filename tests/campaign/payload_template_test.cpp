#include "campaign/payload_template.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/catch.h"

using namespace dispatcher;

namespace {

const std::vector<std::string> kColumns = {"token", "name", "city"};
const std::map<std::string, std::string> kConstants = {
    {"discount", "20"}, {"quote", "\"\n"}, {"no", "false"}, {"name", "never: a column wins"}};

std::string json(std::string_view document, const ColumnValues& values) {
    std::string out = "left over";
    PayloadTemplate::compile_json(document, "promo.yaml, locale en", kConstants, kColumns)
        .render(values, out);
    return out;
}

std::string text(std::string_view source, const ColumnValues& values) {
    std::string out = "left over";
    PayloadTemplate::compile_text(source, "collapse", kConstants, kColumns).render(values, out);
    return out;
}

template <class Compile>
std::string problem_of(Compile compile) {
    try {
        compile();
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no problem";
}

std::string json_problem(std::string_view document) {
    return problem_of([&] { json(document, {}); });
}

/// A random valid UTF-8 text, rich in what JSON must escape.
std::string random_text(std::mt19937& random) {
    static const std::vector<std::string> kPieces = {"\"",
                                                     "\\",
                                                     "/",
                                                     "\n",
                                                     "\r",
                                                     "\t",
                                                     std::string(1, '\0'),
                                                     "\x01",
                                                     "\x1f",
                                                     "\x7f",
                                                     "{{",
                                                     "}}",
                                                     "{",
                                                     "}",
                                                     ",",
                                                     ":",
                                                     "a",
                                                     "Z",
                                                     "0",
                                                     " ",
                                                     "ü",
                                                     "€",
                                                     "😀",
                                                     "👩‍🚀",
                                                     "\\u0041",
                                                     "\xe2\x80\xa8",
                                                     "</script>",
                                                     "null"};
    std::string value;
    for (auto pieces = random() % 12; pieces > 0; --pieces)
        value += kPieces[random() % kPieces.size()];
    return value;
}

}  // namespace

TEST_CASE("a JSON document is rendered with its keys in order", "[unit]") {
    CHECK(json(R"({ "z": "Hi {{name}}", "a": [1, true, null, -2.5, "x"], "e": {}, "f": [] })",
               {"t", "Ada"}) == R"({"z":"Hi Ada","a":[1,true,null,-2.5,"x"],"e":{},"f":[]})");
}

TEST_CASE("a document without tags is one literal", "[unit]") {
    CHECK(json(R"({"a":"ü\n\"","\"k":1})", {}) == R"({"a":"ü\n\"","\"k":1})");
}

TEST_CASE("values are escaped, whichever tag asks for them", "[unit]") {
    CHECK(json(R"({"a":"{{name}}{{{name}}}{{&name}}"})", {"t", "\"\n"}) ==
          R"({"a":"\"\n\"\n\"\n"})");
    CHECK(json(R"({"a":"{{quote}}"})", {}) == R"({"a":"\"\n"})");
}

TEST_CASE("a plain text is rendered without escapes", "[unit]") {
    CHECK(text("{{city}}/{{quote}}", {"t", "n", "\"B\""}) == "\"B\"/\"\n");
}

TEST_CASE("object keys are literal", "[unit]") {
    CHECK(json(R"({"{{name}}":"{{name}}"})", {"t", "Ada"}) == R"({"{{name}}":"Ada"})");
}

TEST_CASE("a column wins over a constant, and a missing value is empty", "[unit]") {
    CHECK(text("[{{name}}]", {"t", "Ada"}) == "[Ada]");
    CHECK(text("[{{name}}]", {"t"}) == "[]");
}

TEST_CASE("sections show what they hold only when it applies", "[unit]") {
    const auto greeting = [](std::string_view name, std::string_view city) {
        return text(
            "{{#name}}Hi {{name}}{{#city}} of {{city}}{{/city}}{{/name}}"
            "{{^name}}Hello{{^city}}, whoever{{/city}}{{/name}}!",
            {"t", name, city});
    };
    CHECK(greeting("Ada", "London") == "Hi Ada of London!");
    CHECK(greeting("Ada", "") == "Hi Ada!");
    CHECK(greeting("", "London") == "Hello!");
    CHECK(greeting("false", "") == "Hello, whoever!");
    CHECK(greeting("0", "") == "Hi 0!");
}

TEST_CASE("sections of constants are decided once", "[unit]") {
    CHECK(text("a{{#discount}}-{{discount}}-{{/discount}}b", {}) == "a-20-b");
    CHECK(text("a{{#no}}{{#name}}x{{/name}}{{^city}}y{{/city}}{{/no}}b", {}) == "ab");
    CHECK(text("a{{^no}}{{name}}{{/no}}b{{^discount}}c{{/discount}}", {"t", "N"}) == "aNb");
}

TEST_CASE("a literal after a section is not swallowed by it", "[unit]") {
    CHECK(text("{{#name}}x{{/name}}y", {"t", ""}) == "y");
    CHECK(text("{{#name}}x{{#discount}}z{{/discount}}{{/name}}y", {"t", ""}) == "y");
    CHECK(text("{{#name}}{{/name}}{{^name}}{{/name}}y", {"t", ""}) == "y");
}

TEST_CASE("an unknown variable is an error with its place and the nearest name", "[unit]") {
    CHECK(json_problem(R"({"aps":{"alert":[{"title":"{{nmae}}"}]}})") ==
          "promo.yaml, locale en, aps.alert[0].title: unknown variable {{nmae}}: neither a column "
          "of the audience nor a key of message.data; did you mean 'name'?");
    CHECK(json_problem(R"({"a":"{{#qqqqqq}}x{{/qqqqqq}}"})") ==
          "promo.yaml, locale en, a: unknown variable {{qqqqqq}}: neither a column of the audience "
          "nor a key of message.data; known: token, name, city, discount, name, no, quote");
    CHECK(problem_of([] { text("{{x", {}); }) == "collapse: tag '{{x' is never closed; add }}");
    CHECK(json_problem("{") == "promo.yaml, locale en: the payload is not a JSON document");
}

TEST_CASE("what a hidden constant section holds is not asked for", "[unit]") {
    CHECK(text("{{#no}}{{unknown}}{{/no}}b", {}) == "b");
}

TEST_CASE("a default template renders nothing", "[unit]") {
    std::string out = "left over";
    PayloadTemplate().render({}, out);
    CHECK(out.empty());
}

TEST_CASE("no value can break out of its JSON string", "[unit]") {
    std::mt19937 random(4711);
    const auto payload = PayloadTemplate::compile_json(
        R"({"aps":{"alert":{"title":"<{{name}}>",)"
        R"("body":"{{#city}}{{city}}{{/city}}{{^city}}-{{/city}}"}}})",
        "place", {}, kColumns);
    std::string out;
    for (int round = 0; round < 20'000; ++round) {
        const auto name = random_text(random);
        const auto city = random_text(random);
        payload.render({"t", name, city}, out);
        const auto parsed = nlohmann::json::parse(out, nullptr, false);
        REQUIRE_FALSE(parsed.is_discarded());
        REQUIRE(parsed.size() == 1);
        const auto& alert = parsed["aps"]["alert"];
        REQUIRE(alert.size() == 2);
        REQUIRE(alert["title"] == "<" + name + ">");
        REQUIRE(alert["body"] == (city.empty() ? "-" : city));
    }
}

TEST_CASE("constants are as safe as columns", "[unit]") {
    std::mt19937 random(1147);
    for (int round = 0; round < 2'000; ++round) {
        const auto value = random_text(random);
        std::string out;
        PayloadTemplate::compile_json(R"({"a":"{{value}}"})", "place", {{"value", value}}, {})
            .render({}, out);
        REQUIRE(nlohmann::json::parse(out)["a"] == value);
    }
}
