#include "config/yaml_node.h"

#include <string>

#include "base/error.h"
#include "config/config_folder.h"
#include "support/catch.h"

using namespace dispatcher;

namespace {

/// A tree in short, with every value's place: map {k@l:c=…}, list [..], plain text, "quoted", ~.
std::string shown(const YamlNode& node) {
    const auto place =
        "@" + std::to_string(node.mark.line) + ":" + std::to_string(node.mark.column);
    std::string text;
    switch (node.kind) {
        case YamlNode::Kind::null:
            return "~";
        case YamlNode::Kind::broken:
            return "broken";
        case YamlNode::Kind::scalar:
            return (node.is_quoted ? '"' + node.text + '"' : node.text) + place;
        case YamlNode::Kind::map:
            for (const auto& entry : node.entries)
                text += (text.empty() ? "" : " ") + entry.key + "=" + shown(entry.value);
            return "{" + text + "}";
        case YamlNode::Kind::list:
            for (const auto& item : node.items)
                text += (text.empty() ? "" : " ") + shown(item);
            return "[" + text + "]";
    }
    return text;
}

std::string parsed(const std::string& text) {
    Problems problems;
    const auto tree = parse_yaml({"f.yaml", text}, problems);
    problems.throw_if_any();
    return shown(tree);
}

std::string problem_of(const std::string& text) {
    return test::ConfigFolder().problem_of([&] { parsed(text); });
}

std::string read_problem(const std::string& text) {
    const test::ConfigFolder folder;
    const auto path = folder.write("f.yaml", text);
    return folder.problem_of([&] { SourceFile::read(path); });
}

}  // namespace

TEST_CASE("scalars stay the text that was written", "[unit]") {
    CHECK(parsed("a: 010\nb: yes\nc: \"no\"\nd: 'x'\ne: 1e3\nf: |\n  two\n  lines\n") ==
          "{a=010@1:4 b=yes@2:4 c=\"no\"@3:4 d=\"x\"@4:4 e=1e3@5:4 f=\"two\nlines\n\"@6:4}");
    CHECK(parsed("a:\nb: ~\nc: null\nd: ''\n") == "{a=~ b=~ c=~ d=\"\"@4:4}");
    CHECK(parsed("{\"a\": [1, {\"b\": true}]}") == "{a=[1@1:8 {b=true@1:17}]}");
    CHECK(parsed("\xef\xbb\xbf"
                 "a: ü\r\nb: 1\r\n") == "{a=ü@1:4 b=1@2:4}");
}

TEST_CASE("aliases give what they stand for", "[unit]") {
    CHECK(parsed("a: &x {k: v}\nb: *x\nc: [*x]\n") == "{a={k=v@1:11} b={k=v@1:11} c=[{k=v@1:11}]}");
}

TEST_CASE("broken YAML is told at its place", "[unit]") {
    CHECK(problem_of("") == "f.yaml: is empty");
    CHECK(problem_of("# nothing\n") == "f.yaml: is empty");
    CHECK(problem_of("a: 1\nb: [1, 2\n").substr(0, 29) == "f.yaml:3:1: not valid YAML: e");
    CHECK(problem_of("a: 1\n\tb: 2\n").find("f.yaml:2:") == 0);
    CHECK(problem_of("a: 1\n\tb: 2\n").find("YAML takes no tabs") != std::string::npos);
    for (const std::string before : {"", "\xef\xbb\xbf", "x: \"y\"\r\n", "x: 'ü'\n"}) {
        const std::string place = before.size() > 3 ? "2:4" : "1:4";
        for (const std::string open : {"\"it", "'it", "\"it\\\"", "'it''s"}) {
            CHECK(problem_of(before + "a: " + open + "\nb: c\n") ==
                  "f.yaml:" + place + ": the quote that begins here is never closed");
        }
    }
    CHECK(problem_of("a: &t 'it\nb: c\n") ==
          "f.yaml:1:4: the quote that begins here is never closed");
    CHECK(parsed("a: &t 'it''s'\nb: \"\\\\\"\nc: |\n  it's\n") ==
          "{a=\"it's\"@1:4 b=\"\\\"@2:4 c=\"it's\n\"@3:4}");
    CHECK(problem_of("a: b: c\n").find("f.yaml:1:5: not valid YAML") == 0);
    CHECK(problem_of("file: -   # stdin\n").find("put \"-\" in quotes") != std::string::npos);
    CHECK(problem_of("a: {p: ${env:X}}\n").find("put \"${…}\" in quotes") != std::string::npos);
    CHECK(problem_of("t: {{name}}\n") ==
          "f.yaml:1:5: a key must be a text; quote a text that begins with {{");
    CHECK(problem_of("[a]: b\n") ==
          "f.yaml:1:1: a key must be a text; quote a text that begins with {{");
    CHECK(problem_of("a: 1\n---\nb: 2\n") ==
          "f.yaml:2:1: a second document begins here; only one is allowed");
    CHECK(problem_of("a: !!binary aGk=\n") == "f.yaml:1:4: YAML tags (!…) are not supported");
    CHECK(problem_of("a: \"x\\0y\"\n") == "f.yaml:1:4: a NUL character in a text");
    CHECK(problem_of("a: *nobody\n").find("f.yaml:1:4: not valid YAML") == 0);
}

TEST_CASE("a key given twice is told, with the first place", "[unit]") {
    CHECK(problem_of("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n") ==
          "f.yaml:2:17: key 'c' is given twice; first in line 2\n"
          "f.yaml:3:1: key 'a' is given twice; first in line 1");
}

TEST_CASE("bombs are refused", "[unit]") {
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const auto below = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
        for (int k = 0; k < 8; ++k)
            laughs += ", " + below;
        laughs += "]\n";
    }
    CHECK(problem_of(laughs).find("too much content, aliases included") != std::string::npos);
    std::string long_text = "a: &a " + std::string(500'000, 'x') + "\nb: [*a";
    for (int i = 0; i < 1'000; ++i)
        long_text += ", *a";
    CHECK(problem_of(long_text + "]\n").find("too much content") != std::string::npos);
    CHECK(problem_of("a: &x [*x]\n") == "f.yaml:1:8: an alias inside of what it stands for");
    CHECK(problem_of(std::string(65, '[') + std::string(65, ']')) ==
          "f.yaml:1:65: nested deeper than 64 levels");
    for (const auto* opening : {"[", "{", "- ", "? ", "a: {", "[{"}) {
        std::string deep;
        while (deep.size() < 200'000)
            deep += opening;
        CHECK(problem_of(deep).find("f.yaml:1:") == 0);
    }
}

TEST_CASE("a file must be a readable text of moderate size", "[unit]") {
    const test::ConfigFolder folder;
    CHECK(folder.problem_of([&] { SourceFile::read(folder.file("none.yaml")); }) ==
          "none.yaml: no such file");
    folder.write("sub/f.yaml", "a: 1\n");
    CHECK(folder.problem_of([&] { SourceFile::read(folder.file("sub")); }) ==
          "sub: is a folder, not a file");
    CHECK(read_problem(std::string((1 << 20) + 1, '#')) == "f.yaml: is larger than 1048576 bytes");
    CHECK(read_problem(std::string(1 << 20, '#')) == "no problem");
    CHECK(read_problem(std::string("a: 1\nb: x\0y\n", 12)) ==
          "f.yaml:2:5: a NUL byte; the file must be UTF-8 text");
    CHECK(read_problem("a: ü\nb: \xfcx\n") ==
          "f.yaml:2:4: not valid UTF-8; save the file as UTF-8");
    CHECK(read_problem("\xff") == "f.yaml:1:1: not valid UTF-8; save the file as UTF-8");
    CHECK(read_problem("\n\xe2\x82") == "f.yaml:2:1: not valid UTF-8; save the file as UTF-8");
}
