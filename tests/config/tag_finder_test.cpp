#include "config/tag_finder.h"

#include "support/catch.h"

using namespace dispatcher;

namespace {

TagPlaces places_of(const std::string& text) {
    const SourceFile file{"t.yaml", text};
    Problems problems;
    const auto root = parse_yaml(file, problems);
    problems.throw_if_any();
    return find_tags(file, root);
}

std::string place(const TagPlaces& places, const std::string& locale, const std::string& name) {
    const auto found = places.find({locale, name});
    return found == places.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("the first tag of each variable is found in its locale", "[config][unit]") {
    const auto places = places_of(R"(default: en
locales:
  en:
    # {{old}} was here
    title: "Hi {{ name }}"
    body: |
      {{#vip}}first, {{/vip}}
      {{{raw}}} {{&plain}} {{name}}
  de: {title: "Hallo {{name}}", body: "{{! nichts }}"}
apns: {aps: {badge: "{{count}}"}}
)");
    CHECK(place(places, "en", "name") == "t.yaml:5:16");
    CHECK(place(places, "en", "vip") == "t.yaml:7:7");
    CHECK(place(places, "en", "raw") == "t.yaml:8:7");
    CHECK(place(places, "en", "plain") == "t.yaml:8:17");
    CHECK(place(places, "de", "name") == "t.yaml:9:22");
    CHECK(place(places, "", "count") == "t.yaml:10:22");
    CHECK(place(places, "en", "old").empty());
    CHECK(place(places, "de", "vip").empty());
    CHECK(places.size() == 6);
}

TEST_CASE("what is no tag is not found", "[config][unit]") {
    CHECK(places_of("default: en\nlocales: {en: {title: \"{ {name} } {x}\"}}\n").empty());
    CHECK(places_of("default: en\n").empty());
}

TEST_CASE("locales on one line are told apart", "[config][unit]") {
    const auto places =
        places_of("locales: {en: {title: '{{a}}'}, de: {title: '{{b}}', body: '{{a}}'}}\n");
    CHECK(place(places, "en", "a") == "t.yaml:1:24");
    CHECK(place(places, "de", "a") == "t.yaml:1:61");
    CHECK(place(places, "en", "b").empty());
}
