#include "campaign/visible_text.h"

#include "base/error.h"
#include "support/catch.h"

using namespace dispatcher;

namespace {

Message sale() {
    Message message;
    message.default_locale = "en";
    message.locales["en"] = {"{{discount}} % off",
                             "Hello {{name}}{{#vip}}, first{{/vip}}",
                             "https://example.com/a.png",
                             "app://sale",
                             {{"screen", "sale"}}};
    message.locales["de"] = {"", "", "", "", {{"screen", "{{discount}}"}}};
    message.blocks["apns"] = R"({"aps":{"content-available":1}})";
    message.data["discount"] = "20";
    return message;
}

}  // namespace

TEST_CASE("title and body are what people read", "[campaign][unit]") {
    CHECK(visible_text(sale(), "en", {"name", "vip"}, {"Ann", "yes"}) ==
          "20 % off\nHello Ann, first\n");
    CHECK(visible_text(sale(), "en", {"name", "vip"}, {}) == "20 % off\nHello \n");
    CHECK(visible_text(sale(), "en", {"name", "vip", "discount"}, {"Ann", "", "30"}) ==
          "30 % off\nHello Ann\n");
}

TEST_CASE("without title and body, data and blocks are the text", "[campaign][unit]") {
    CHECK(visible_text(sale(), "de", {}, {}) == "20\n{\"aps\":{\"content-available\":1}}\n");
}

TEST_CASE("a locale that is not there has no text, an unknown variable is told",
          "[campaign][unit]") {
    CHECK(visible_text(sale(), "fr", {}, {}).empty());
    CHECK_THROWS_AS(visible_text(sale(), "en", {"name"}, {}), ConfigError);
}
