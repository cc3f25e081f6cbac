#include "audience/ndjson_reader.h"

#include <random>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "string_source.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using Rows = std::vector<ReadRow>;

struct ReadFile {
    std::vector<std::string> columns;
    Rows rows;
    bool operator==(const ReadFile&) const = default;
};

ReadFile read_in_steps(const std::string& text, std::size_t step) {
    StringSource source(text, step);
    ByteWindow window(source);
    NdjsonReader reader(window);
    ReadFile file;
    file.rows = read_rows(reader);
    file.columns = reader.columns();
    return file;
}

ReadFile read_ndjson(const std::string& text) {
    const auto file = read_in_steps(text, text.size() + 1);
    for (const std::size_t step : {1, 3})
        REQUIRE(read_in_steps(text, step) == file);
    return file;
}

std::string problem_of(const std::string& line) {
    const auto file = read_ndjson(line + "\n{\"appid\":\"x\"}");
    REQUIRE(file.rows.size() == 2);
    CHECK(file.rows[1].appid == "x");
    return file.rows[0].problem;
}

/// What nlohmann's parser makes of the line: its members as text, or nothing if it is not a flat
/// object.
std::optional<std::map<std::string, std::string>> parse_by_the_book(const std::string& line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    std::map<std::string, std::string> members;
    for (const auto& [key, value] : json.items()) {
        if (value.is_structured()) return std::nullopt;
        members[key] = value.is_string() ? value.get<std::string>()
                       : value.is_null() ? ""
                                         : value.dump();
    }
    return members;
}

}  // namespace

TEST_CASE("text, numbers, booleans and null become column values", "[unit]") {
    const auto file = read_ndjson(
        "{\"appid\":\"x\",\"n\":-12.50e3,\"b\":true,\"z\":null,\"s\":\"\\u00e4\\n\\ud83d\\ude00\"}"
        "\r\n"
        "\n"
        " { \"s\" : \"q\\\"\\/\\\\\" , \"b\" : false , \"appid\" : 17 } ");
    CHECK(file.columns == std::vector<std::string>{"n", "b", "z", "s"});
    REQUIRE(file.rows.size() == 2);
    CHECK(file.rows[0] ==
          ReadRow{1, "x", {"-12.50e3", "true", "", "\xC3\xA4\n\xF0\x9F\x98\x80"}, ""});
    CHECK(file.rows[1] == ReadRow{3, "17", {"", "false", "", "q\"/\\"}, ""});
}

TEST_CASE("columns may appear later, and stay away in rows without them", "[unit]") {
    const auto file = read_ndjson(
        "{\"appid\":\"1\",\"a\":\"p\"}\n{\"b\":\"q\",\"appid\":\"2\"}\n{\"appid\":\"3\",\"c\":1,"
        "\"a\":2}\n"
        "{\"appid\":\"4\"}\n{}\n");
    CHECK(file.columns == std::vector<std::string>{"a", "b", "c"});
    CHECK(file.rows == Rows{{1, "1", {"p"}, ""},
                            {2, "2", {"", "q"}, ""},
                            {3, "3", {"2", "", "1"}, ""},
                            {4, "4", {"", "", ""}, ""},
                            {5, "", {"", "", ""}, ""}});
}

TEST_CASE("a bad line is told apart and leaves no column behind", "[unit]") {
    CHECK(problem_of("{\"appid\":\"x\",\"t\":{}}") ==
          "value 2 is an object; only text, numbers, true, false and null fit a column");
    CHECK(problem_of("{\"t\":[1]}") ==
          "value 1 is a list; only text, numbers, true, false and null fit a column");
    CHECK(problem_of("{\"a\":1,\"a\":2}") == "key 2 appears twice in the object");
    CHECK(problem_of("{\"appid\":1,\"appid\":2}") == "key 2 appears twice in the object");
    CHECK(problem_of("{\"a\":1,\"\\u0061\":2}") == "key 2 appears twice in the object");
    CHECK(problem_of("{\"\":1}") == "key 1 is empty");
    CHECK(problem_of("[1]") ==
          "is not a JSON object; every line must be one, {\"appid\": \xE2\x80\xA6}");
    CHECK(problem_of("{\"a\":1") == "is not valid JSON: the line ends too early");
    CHECK(problem_of("{\"a\":1}x") == "is not valid JSON at its byte 8");
    CHECK(problem_of("{\"a\":\"\xFF\"}") == "is not valid UTF-8");
    const auto file = read_ndjson("{\"new\":1,\"new\":2}\n{\"appid\":1,\"also_new\":2,\"x\":[]}\n");
    CHECK(file.columns.empty());
    // A key repeated only within its own line is no repetition in the next.
    CHECK(read_ndjson("{\"a\":1,\"a\":2}\n{\"a\":1}\n").rows[1].problem.empty());
}

TEST_CASE("columns, values and lines are bounded", "[unit]") {
    std::string wide = "{\"appid\":1";
    for (std::size_t i = 0; i < kColumnsMax; ++i)
        wide += ",\"c" + std::to_string(i) + "\":1";
    auto file = read_in_steps(wide + "}\n" + wide + ",\"more\":1}\n{\"other\":1}\n", 1'000'000);
    CHECK(file.rows[0].problem.empty());
    CHECK(file.rows[1].problem == "brings more than 1000 columns");
    CHECK(file.rows[2].problem == "brings more than 1000 columns");
    const std::string value(kFieldBytesMax + 1, 'v');
    file = read_in_steps("{\"appid\":1,\"v\":\"" + value + "\"}\n{\"appid\":2}\n", 1'000'000);
    CHECK(file.rows[0].problem == "value 2 is longer than 1 MiB");
    CHECK(file.rows[1].problem.empty());
    file = read_in_steps(std::string(2 * kRowBytesMax, ' ') + "\n{}\n", 1'000'000);
    REQUIRE(file.rows.size() == 1);
    CHECK(file.rows[0].problem == "the line is longer than 4 MiB");
}

TEST_CASE("the parser of flat objects agrees with a general one", "[unit]") {
    std::mt19937 random(9);
    const std::vector<std::string> pieces = {
        "{",           "}",        "[",    "]",       ",",        ":",       "\"a\"",   "\"b\"",
        "\"",          "\\",       "\\n",  "\\u00",   "\\u0041",  "\\ud83d", "\\ude00", "1",
        "-",           ".5",       "0",    "e+1",     "true",     "null",    " ",       "\t",
        "\"\\u00e9\"", "\xC3\xA9", "\x01", "{\"a\":", "\"b\":\"", "fals",    "e"};
    std::size_t sound = 0;
    FlatJson parser;
    for (int round = 0; round < 200'000; ++round) {
        std::string line = "{\"k\":";
        for (auto count = random() % 7; count > 0; --count)
            line += pieces[random() % pieces.size()];
        if (random() % 2 == 0) line += '}';
        const auto expected = parse_by_the_book(line);
        const bool is_sound = !parser.parse(line).has_value();
        // The general parser keeps the last of repeated keys; repetition is the reader's affair.
        INFO(line);
        if (is_sound != expected.has_value()) {
            // Only a nested value hidden by a repeated key can differ, and numbers beyond double.
            REQUIRE_FALSE(is_sound);
            continue;
        }
        if (!is_sound) continue;
        ++sound;
        for (const auto& [key, value] : parser.members()) {
            const auto found = expected->find(std::string(key));
            REQUIRE(found != expected->end());
            const bool is_number =
                !value.empty() && (value[0] == '-' || (value[0] >= '0' && value[0] <= '9'));
            if (!is_number && parser.members().size() == expected->size())
                REQUIRE(found->second == value);
        }
    }
    CHECK(sound > 2'000);
}

}  // namespace dispatcher
