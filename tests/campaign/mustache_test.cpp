#include "campaign/mustache.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "support/catch.h"

using namespace dispatcher;

namespace {

/// A template's parts in short: text 'x', variable =x, section #x, inverted ^x, end /.
std::string parsed(std::string_view source) {
    std::string shown;
    for (const auto& part : parse_mustache(source, "place")) {
        if (!shown.empty()) shown += ' ';
        switch (part.kind) {
            case MustachePart::Kind::text:
                shown += "'" + part.text + "'";
                break;
            case MustachePart::Kind::variable:
                shown += "=" + part.text;
                break;
            case MustachePart::Kind::section:
                shown += "#" + part.text;
                break;
            case MustachePart::Kind::inverted:
                shown += "^" + part.text;
                break;
            case MustachePart::Kind::end:
                shown += "/";
                break;
        }
    }
    return shown;
}

std::string problem_of(std::string_view source) {
    try {
        return "no problem: " + parsed(source);
    } catch (const ConfigError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("a template is split into text and tags", "[unit]") {
    CHECK(parsed("").empty());
    CHECK(parsed("Hi {there} }} {") == "'Hi {there} }} {'");
    CHECK(parsed("{{a}}") == "=a");
    CHECK(parsed("Hi {{ name }}!") == "'Hi ' =name '!'");
    CHECK(parsed("{{{a}}}{{&b}}{{& c }}{{d.e}}{{first name}}") == "=a =b =c =d.e =first name");
    CHECK(parsed("{{a}}}") == "=a '}'");
    CHECK(parsed("{{#a}}x{{^b}}y{{/b}}{{/ a }}") == "#a 'x' ^b 'y' / /");
    CHECK(parsed("x{{! a {comment} \n of two lines }}y") == "'x' 'y'");
    CHECK(parsed("{{name}} ü 😀") == "=name ' ü 😀'");
}

TEST_CASE("a section tag alone on its line takes the line with it", "[unit]") {
    CHECK(parsed("a\n{{#b}}\nc\n{{/b}}\nd") == "'a\n' #b 'c\n' / 'd'");
    CHECK(parsed("a\n  {{#b}}  \nc\n\t{{/b}}") == "'a\n' #b 'c\n' /");
    CHECK(parsed("a\r\n{{! note }}\r\nb") == "'a\r\n' 'b'");
    CHECK(parsed("  {{^b}}\n{{/b}}\n") == "^b /");
    CHECK(parsed("a {{#b}}\nc{{/b}} \n") == "'a ' #b '\nc' / ' \n'");
    CHECK(parsed("{{#b}} {{/b}}") == "#b ' ' /");
    CHECK(parsed("\n{{b}}\n") == "'\n' =b '\n'");
}

TEST_CASE("a broken tag is told with its place and a cure", "[unit]") {
    CHECK(problem_of("Hi {{name") == "place: tag '{{name' is never closed; add }}");
    CHECK(problem_of("{{{name}}") == "place: tag '{{{name}}' is never closed; add }}}");
    CHECK(problem_of("{{#a}}x") == "place: section {{#a}} is never closed; add {{/a}}");
    CHECK(problem_of("{{/a}}") == "place: {{/a}} closes a section that was never opened");
    CHECK(problem_of("{{#a}}{{#b}}{{/a}}{{/b}}") ==
          "place: {{/a}} stands where {{/b}} is expected");
    CHECK(problem_of("{{}}") == "place: '{{}}': a tag without a name");
    CHECK(problem_of("{{# }}") == "place: '{{# }}': a tag without a name");
    CHECK(problem_of("{{>header}}") == "place: '{{>header}}': partials are not supported");
    CHECK(problem_of("{{=<% %>=}}") == "place: '{{=<% %>=}}': delimiters cannot be changed");
    CHECK(problem_of("{{.}}") == "place: {{.}} is not supported; write the variable's name");
    CHECK(problem_of("{{a {{b}}") ==
          "place: '{{a {{b}}' is not a tag: braces or a line break in a name");
}

TEST_CASE("a long broken tag is quoted in part, and never half a character", "[unit]") {
    const auto problem = problem_of("{{äääääääääääääääääääääääääääääääääää");
    CHECK(problem == "place: tag '{{ääääääääääääää' is never closed; add }}");
}

TEST_CASE("only nothing and false hide a section", "[unit]") {
    CHECK_FALSE(is_true(""));
    CHECK_FALSE(is_true("false"));
    for (const auto* value : {"0", "no", " ", "False", "x"})
        CHECK(is_true(value));
}
