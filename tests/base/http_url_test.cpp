#include "base/http_url.h"

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("a url is split into origin and path", "[unit]") {
    const auto parts = [](const std::string& text) {
        REQUIRE_FALSE(HttpUrl::problem(text));
        const auto url = HttpUrl::parse(text);
        return url.origin + " " + url.path;
    };
    CHECK(parts("https://a.example") == "https://a.example /");
    CHECK(parts("http://a.example:8080/b/c?d=e%20f") == "http://a.example:8080 /b/c?d=e%20f");
    CHECK(parts("https://[::1]:8443?d") == "https://[::1]:8443 /?d");
}

TEST_CASE("what is no url is told", "[unit]") {
    for (const auto* text : {"", "a.example", "ftp://a.example/", "https://", "https:///a",
                             "https://u:p@a.example/", "https://a.example:0/", "https://a:99999/",
                             "https://a.example/a b", "https://a.example/%zz", "https://a/#b"})
        CHECK(HttpUrl::problem(text));
}

}  // namespace dispatcher
