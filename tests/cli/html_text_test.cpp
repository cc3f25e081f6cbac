#include "cli/html_text.h"

#include "support/catch.h"

namespace dispatcher::cli {

TEST_CASE("nothing in a text can open or end markup") {
    CHECK(html("</td><script>alert('x & \"y\"')</script>") ==
          "&lt;/td&gt;&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;");
    CHECK(html_value("a\"><b>") == "<bdi>a&quot;&gt;&lt;b&gt;</bdi>");
}

TEST_CASE("letters of any script stay; control characters and broken bytes are replaced") {
    CHECK(html("Grüße, 世界 🎉\nzwei") == "Grüße, 世界 🎉\nzwei");
    CHECK(html(std::string_view("a\0b\x1b[31m\x7f", 9)) ==
          "a\xEF\xBF\xBD"
          "b\xEF\xBF\xBD[31m\xEF\xBF\xBD");
    // An overlong "<", a surrogate, and a character that ends early.
    CHECK(html("\xC0\xBC") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(html("x\xE4\xB8") == "x\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(html("").empty());
}

TEST_CASE("a time is told in words and exactly") {
    CHECK(html_time(WallTime(std::chrono::milliseconds(1'803'891'603'123))) ==
          "<time datetime=\"2027-03-01T09:00:03.123Z\">2027-03-01 09:00:03 UTC</time>");
}

}  // namespace dispatcher::cli
