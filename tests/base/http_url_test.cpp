#include "base/http_url.h"

#include <fmt/format.h>

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("a url is split into origin and path", "[unit]") {
    const auto parts = [](const std::string& text) {
        REQUIRE_FALSE(HttpUrl::problem(text));
        const auto url = HttpUrl::parse(text);
        return fmt::format("{} {} {} {} {} {}", url.origin, url.authority(), url.is_tls, url.host,
                           url.port, url.path);
    };
    CHECK(parts("https://a.example") == "https://a.example a.example true a.example 443 /");
    CHECK(parts("http://a.example/b/c?d=e%20f") ==
          "http://a.example a.example false a.example 80 /b/c?d=e%20f");
    CHECK(parts("http://a:8080/") == "http://a:8080 a:8080 false a 8080 /");
    CHECK(parts("https://[fe80::a]:8443?d") ==
          "https://[fe80::a]:8443 [fe80::a]:8443 true fe80::a 8443 /?d");
    CHECK(parts("https://[::1]/") == "https://[::1] [::1] true ::1 443 /");
}

TEST_CASE("what is no url is told", "[unit]") {
    for (const auto* text :
         {"", "a.example", "ftp://a.example/", "https://", "https:///a", "https://u:p@a.example/",
          "https://a.example:0/", "https://a:99999/", "https://[::1", "https://a:80x/",
          "https://a.example/a b", "https://a.example/%zz", "https://a/#b"})
        CHECK(HttpUrl::problem(text));
}

}  // namespace dispatcher
