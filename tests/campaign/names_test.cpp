#include "campaign/names.h"

#include <string>

#include "campaign/nearest_name.h"
#include "support/catch.h"

using namespace dispatcher;

TEST_CASE("campaign names are 1 to 64 letters, digits, dots, underscores and dashes", "[unit]") {
    for (const auto& good : {std::string("a"), std::string("Spring_sale-2027.v2"),
                             std::string(64, 'x'), std::string("010")})
        CHECK(CampaignName::parse(good)->text() == good);
    for (const auto& bad : {std::string(), std::string(65, 'x'), std::string("a b"),
                            std::string("a#test-1"), std::string("a@b"), std::string("é"),
                            std::string("a/b"), std::string("a\n"), std::string("a\0b", 3)})
        CHECK_FALSE(CampaignName::parse(bad).has_value());
}

TEST_CASE("a test run has a name that no file can have", "[unit]") {
    const auto name = CampaignName::parse("sale")->test_run(3);
    CHECK(name.text() == "sale#test-3");
    CHECK_FALSE(CampaignName::parse(name.text()).has_value());
}

TEST_CASE("an appid is 1 to 64 bytes of printable UTF-8", "[unit]") {
    for (const auto& good :
         {std::string("d-1"), std::string(64, 'x'), std::string("ü"), std::string(" with blanks ")})
        CHECK_FALSE(appid_problem(good).has_value());
    CHECK(appid_problem("") == "appid is empty");
    CHECK(appid_problem("a\xff") == "appid is not valid UTF-8");
    CHECK(appid_problem("a\tb") == "appid contains a control character");
    CHECK(appid_problem(std::string("a\0b", 3)) == "appid contains a control character");
    CHECK(appid_problem(std::string(65, 'x'))->find("looks like an FCM token") !=
          std::string::npos);
}

TEST_CASE("the nearest name is what was most likely meant", "[unit]") {
    const std::vector<std::string> keys = {"campaign", "once_per", "audience",  "gateway",
                                           "message",  "delivery", "on_bad_row"};
    CHECK(nearest_name("campain", keys) == "campaign");
    CHECK(nearest_name("Audience", keys) == "audience");
    CHECK(nearest_name("gatewya", keys) == "gateway");
    CHECK(nearest_name("on-bad-row", keys) == "on_bad_row");
    CHECK(nearest_name("on_bad_rows", keys) == "on_bad_row");
    CHECK(nearest_name("colour", keys).empty());
    CHECK(nearest_name("", keys).empty());
    CHECK(nearest_name(std::string(1'000, 'a'), keys).empty());
    CHECK(hint_for("messages", keys) == "; did you mean 'message'?");
    CHECK(hint_for("x", {"alpha", "beta"}) == "; known: alpha, beta");
    CHECK(hint_for("x", {}).empty());
}
