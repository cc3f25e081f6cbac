#include "audience/token_check.h"

#include "audience_case.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

/// iOS devices have a token, browsers a subscription of two columns.
struct MixedCase : AudienceCase {
    explicit MixedCase(std::string_view text) : AudienceCase(text) {
        routing = {{"apns", "web"}, {{"ios", GatewayNo{0}}, {"web", GatewayNo{1}}}};
        check_token = [](GatewayNo gateway, std::string_view token) -> std::optional<std::string> {
            if (gateway == GatewayNo{0}) return std::nullopt;
            if (token == "e1 k1" || token == "e1 k2" || token == "e2 k1") return std::nullopt;
            return "no subscription";
        };
        check_token.columns = {{"token"}, {"endpoint", "key"}};
    }
};

}  // namespace

TEST_CASE("a token of several columns is their values with a space between", "[unit]") {
    TokenColumns places({"endpoint", "key"}, {"name", "key", "endpoint"});
    CHECK(places.missing().empty());
    CHECK(places.identity() == 2);
    CHECK(places.token_of({"n", "k", "e"}) == "e k");
    CHECK(places.token_of({"n", "k"}) == " k");
    CHECK(places.token_of({}) == " ");
    TokenColumns one({"token"}, {"name"});
    CHECK(one.missing() == std::vector<std::string>{"token"});
    CHECK(one.token_of({"n"}).empty());
}

TEST_CASE("each gateway's tokens are read from its own columns", "[files]") {
    const auto audience = MixedCase(
                              "appid,platform,token,endpoint,key\na,ios,t1,,\nb,web,,e1,k1\n"
                              "c,web,,e2,k1\n")
                              .read();
    CHECK(audience.counts().by_gateway == std::vector<std::uint64_t>{1, 2});
    CHECK(MixedCase("appid,platform,token,endpoint,key\na,web,t1,x,y\n")
              .error()
              .starts_with("FILE:2: no subscription\n"));
}

TEST_CASE("the first column of a token alone tells devices apart", "[files]") {
    const auto error =
        MixedCase("appid,platform,token,endpoint,key\na,web,,e1,k1\nb,web,,e1,k2\nc,web,,e2,k1\n")
            .error();
    CHECK(error.find("FILE:3: has the device token of line 2") != std::string::npos);
    CHECK(error.find("2 rows share") != std::string::npos);
}

TEST_CASE("columns that no gateway's tokens can do without are told by name", "[files]") {
    MixedCase given("appid,platform,endpoint\na,web,e1\n");
    given.routing = {{"web"}, {}};
    given.check_token.columns = {{"endpoint", "key"}};
    given.check_token.problem = [](GatewayNo, std::string_view token) {
        return token == "e1 k1" ? std::nullopt : std::optional<std::string>("no subscription");
    };
    CHECK(given.error() == "FILE:1: there is no column `key`, the gateway's address of the device");
}

}  // namespace dispatcher
