#include "audience/csv_reader.h"

#include <random>

#include "base/error.h"
#include "string_source.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using Rows = std::vector<ReadRow>;

Rows read_in_steps(const std::string& text, std::size_t step) {
    StringSource source(text, step);
    ByteWindow window(source);
    CsvReader reader(window, "a.csv");
    return read_rows(reader);
}

/// Reads the text whole and in pieces of one, two and seven bytes, which must make no difference.
Rows read_csv(const std::string& text) {
    const auto rows = read_in_steps(text, text.size() + 1);
    for (const std::size_t step : {1, 2, 7})
        REQUIRE(read_in_steps(text, step) == rows);
    return rows;
}

std::string header_error(const std::string& text) {
    try {
        (void)read_in_steps(text, 1'000);
    } catch (const ConfigError& refused) {
        return refused.what();
    }
    return "";
}

}  // namespace

TEST_CASE("the examples of RFC 4180 read as the RFC says", "[unit]") {
    const std::string header = "appid,field_name,other\r\n";
    const Rows plain = {{2, "aaa", {"bbb", "ccc"}, ""}, {3, "zzz", {"yyy", "xxx"}, ""}};
    // §2.1, with a line end behind the last record; §2.2, without.
    CHECK(read_csv(header + "aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n") == plain);
    CHECK(read_csv(header + "aaa,bbb,ccc\r\nzzz,yyy,xxx") == plain);
    // §2.5: fields may be in quotes.
    CHECK(read_csv(header + "\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx") == plain);
    // §2.6: line ends and commas inside quotes.
    CHECK(read_csv(header + "\"aaa\",\"b \r\nbb\",\"ccc\"\r\nzzz,yyy,xxx") ==
          Rows{{2, "aaa", {"b \r\nbb", "ccc"}, ""}, {4, "zzz", {"yyy", "xxx"}, ""}});
    // §2.7: a quote inside quotes is doubled.
    CHECK(read_csv(header + "\"aaa\",\"b\"\"bb\",\"ccc\"") ==
          Rows{{2, "aaa", {"b\"bb", "ccc"}, ""}});
}

TEST_CASE("line ends, empty fields and empty lines", "[unit]") {
    const Rows one = {{2, "x", {"1"}, ""}};
    CHECK(read_csv("appid,a\nx,1\n") == one);
    CHECK(read_csv("appid,a\nx,1") == one);
    CHECK(read_csv("appid,a\r\nx,1\r") == one);
    CHECK(read_csv("appid,a\nx,1\n\n\r\n") == one);
    CHECK(read_csv("\n\nappid,a\n\nx,1\n") == Rows{{5, "x", {"1"}, ""}});
    CHECK(read_csv("appid,a,b\nx,,\n") == Rows{{2, "x", {"", ""}, ""}});
    CHECK(read_csv("appid,a,b\nx,\"\",\n") == Rows{{2, "x", {"", ""}, ""}});
    CHECK(read_csv("appid,a\n\"x\",\"1\"\r\n") == one);
    CHECK(read_csv("appid,a\nx, 1 \n") == Rows{{2, "x", {" 1 "}, ""}});
    CHECK(read_csv("appid,a\nx,\"\"\"\"\n") == Rows{{2, "x", {"\""}, ""}});
    CHECK(read_csv("appid\n").empty());
    CHECK(read_csv("\"appid\",\"a\nb\"\nx,1\n") == Rows{{3, "x", {"1"}, ""}});
}

TEST_CASE("the appid may stand in any column", "[unit]") {
    StringSource source("a,appid,b\n1,x,2\n\"1\",\"y\",2\n");
    ByteWindow window(source);
    CsvReader reader(window, "a.csv");
    CHECK(reader.columns() == std::vector<std::string>{"a", "b"});
    CHECK(read_rows(reader) == Rows{{2, "x", {"1", "2"}, ""}, {3, "y", {"1", "2"}, ""}});
}

TEST_CASE("a row of bad form is told with the line where it begins, and the next one is sound",
          "[unit]") {
    const std::string header = "appid,a,b\n";
    const auto check_second_line = [&header](const std::string& line, const std::string& problem) {
        const auto rows = read_csv(header + line + "\nx,1,2\n");
        REQUIRE(rows.size() == 2);
        CHECK(rows[0] == ReadRow{2, "", {}, problem});
        CHECK(rows[1].appid == "x");
    };
    check_second_line("x,1", "has 2 fields, the header has 3");
    check_second_line("x", "has 1 field, the header has 3");
    check_second_line("x,1,2,3", "has 4 fields, the header has 3");
    check_second_line("\"x\",\"1\"", "has 2 fields, the header has 3");
    check_second_line("\"x\",1,2,", "has 4 fields, the header has 3");
    check_second_line("x,5\",2",
                      "field 2 has a quote in its middle: put the field in quotes and "
                      "double the quote");
    check_second_line("x,\"1\"5,2", "field 2 has text behind its closing quote");
    check_second_line("x,\"1\"\r5,2", "field 2 has text behind its closing quote");
    check_second_line("x,\xFF,2", "the value of column `a` is not valid UTF-8");
    check_second_line("x,\"1\",\xC3", "the value of column `b` is not valid UTF-8");
    check_second_line("\xED\xA0\x80,1,2", "appid is not valid UTF-8");
    check_second_line("x,\"\n\n\"5,2", "field 2 has text behind its closing quote");
}

TEST_CASE("halves of a character in two fields do not make a whole one", "[unit]") {
    const auto rows = read_csv("appid,a,b\nx,\"\xC3\",\"\xA9\"\n");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].problem.find("not valid UTF-8") != std::string::npos);
}

TEST_CASE("an unterminated quote ends the reading and names the line where it began", "[unit]") {
    const auto rows = read_csv("appid,a,b\nw,1,2\nx,\"1\n\",\"2\n3\n4,5\n");
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].line == 3);
    CHECK(rows[1].problem ==
          "the quoted field 3 that begins in line 4 does not end; its closing quote seems to be "
          "missing");
    StringSource source("appid,a\nx,\"" + std::string(kFieldBytesMax + 10, 'y') + "\"\n");
    ByteWindow window(source);
    CsvReader reader(window, "a.csv");
    Row row;
    REQUIRE(reader.next(row));
    CHECK(row.ends_reading);
    CHECK(row.problem.find("line 2 is longer than 1 MiB") != std::string::npos);
}

TEST_CASE("fields up to a MiB are read, longer ones are bad rows", "[unit]") {
    const std::string fits(kFieldBytesMax, 'x');
    StringSource source("appid,a\n1," + fits + "\n2," + fits + "y\n3,\"" + fits + "\"\n");
    ByteWindow window(source);
    CsvReader reader(window, "a.csv");
    const auto rows = read_rows(reader);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].values == std::vector<std::string>{fits});
    CHECK(rows[1] == ReadRow{3, "", {}, "field 2 is longer than 1 MiB"});
    CHECK(rows[2].values == std::vector<std::string>{fits});
}

TEST_CASE("a line without an end does not fill the memory", "[unit]") {
    const std::string text(2 * kRowBytesMax, 'x');
    std::string quoted;
    for (int i = 0; i < 20; ++i)
        quoted += '"' + text.substr(0, kFieldBytesMax / 2) + "\",";
    for (const auto& line : {text, "\"q\"," + text, "\"q\"x" + text, "a\"" + text, quoted}) {
        StringSource source("appid,a\n" + line);
        ByteWindow window(source);
        CsvReader reader(window, "a.csv");
        Row row;
        REQUIRE(reader.next(row));
        CHECK(row.ends_reading);
        CHECK(row.problem == "the row is longer than 4 MiB");
        CHECK(window.unread().size() < 2 * kRowBytesMax);
    }
}

TEST_CASE("a header that is none is refused, without quoting what may be somebody's data",
          "[unit]") {
    CHECK(header_error("") == "a.csv: is empty: there is not even a header line");
    CHECK(header_error("x1,secret\n") ==
          "a.csv:1: there is no column `appid` among the 2 of the first line, which must name the "
          "columns");
    CHECK(header_error("AppID,a\n") == "a.csv:1: column 1 must be written `appid`, in lower case");
    CHECK(header_error("appid,a,a\n") == "a.csv:1: columns 2 and 3 have the same name");
    CHECK(header_error("appid,,a\n") == "a.csv:1: column 2 has no name");
    CHECK(header_error("appid,\n") == "a.csv:1: column 2 has no name");
    CHECK(header_error("appid;token\n") ==
          "a.csv:1: there is no column `appid`; columns must be separated by commas");
    CHECK(header_error("appid,a\rx,1\ry,2\n") ==
          "a.csv:1: lines end in a bare carriage return; save the file with LF or CRLF");
    CHECK(header_error("appid,\xFF\n") == "a.csv:1: the name of column 2 is not valid UTF-8");
    CHECK(header_error("appid,\"a\nx,1\n").find("its closing quote seems to be missing") !=
          std::string::npos);
    std::string many = "appid";
    for (std::size_t i = 1; i < kColumnsMax; ++i)
        many += ",c" + std::to_string(i);
    CHECK(header_error(many + "\n").empty());
    CHECK(header_error(many + ",more\n") == "a.csv:1: has more than 1000 columns");
    CHECK(header_error("\"q\"," + many + "\n") == "a.csv:1: has more than 1000 columns");
}

TEST_CASE("whatever fields are written by the rules are read back", "[unit]") {
    std::mt19937 random(3);
    const std::vector<std::string> pieces = {"a", "\"",       ",",  "\n", "\r\n",
                                             " ", "\xC3\xA4", "bc", "\r"};
    for (int round = 0; round < 300; ++round) {
        std::string text = "appid,a,b\n";
        std::vector<std::vector<std::string>> expected;
        for (int i = 0; i < 20; ++i) {
            std::vector<std::string> fields = {"d" + std::to_string(i)};
            for (int field = 0; field < 2; ++field) {
                std::string value;
                for (auto count = random() % 6; count > 0; --count)
                    value += pieces[random() % pieces.size()];
                fields.push_back(value);
            }
            for (const auto& field : fields) {
                std::string doubled;
                for (const char c : field)
                    doubled += c == '"' ? std::string("\"\"") : std::string(1, c);
                const bool must = field.find_first_of("\",\r\n") != std::string::npos;
                text += must || random() % 2 == 0 ? '"' + doubled + '"' : field;
                text += ',';
            }
            text.pop_back();
            text += random() % 2 == 0 ? "\n" : "\r\n";
            expected.push_back(fields);
        }
        const auto rows = read_in_steps(text, 1 + random() % 100);
        REQUIRE(rows.size() == expected.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            REQUIRE(rows[i].problem.empty());
            REQUIRE(rows[i].appid == expected[i][0]);
            REQUIRE(rows[i].values[0] == expected[i][1]);
            REQUIRE(rows[i].values[1] == expected[i][2]);
        }
    }
}

TEST_CASE("no bytes make the reader crash or lose count of lines", "[unit]") {
    std::mt19937 random(5);
    const std::string alphabet = "ab,,\"\"\n\n\r\xC3\xA4\xFF;";
    for (int round = 0; round < 2'000; ++round) {
        std::string text = "appid,a\n";
        for (auto count = random() % 60; count > 0; --count)
            text += alphabet[random() % alphabet.size()];
        const auto whole = read_in_steps(text, 1'000);
        REQUIRE(read_in_steps(text, 1 + random() % 5) == whole);
        std::uint64_t line = 1;
        for (const auto& row : whole) {
            REQUIRE(row.line > line);
            line = row.line;
        }
    }
}

}  // namespace dispatcher
