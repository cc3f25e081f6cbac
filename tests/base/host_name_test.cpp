#include "base/host_name.h"

#include <string>

#include "support/catch.h"

namespace dispatcher {

TEST_CASE("a host is a name of the DNS or an address", "[unit]") {
    const std::string label(63, 'x');
    for (const auto& host :
         {std::string("a"), std::string("push.example.com"), std::string("push.example.com."),
          std::string("127.0.0.1"), std::string("[::1]"), std::string("[fe80::1]"),
          std::string("my_host-1"), label + "." + label + "." + label})
        CHECK(is_host(host));
    const auto longest = label + "." + label + "." + label + "." + label.substr(0, 61);
    CHECK(longest.size() == 253);
    CHECK(is_host(longest));
    for (const auto& host :
         {std::string(), std::string("."), std::string("a..b"), std::string("a b"),
          std::string("a/b"), std::string("::1"), std::string("[]"), std::string("[::1"),
          std::string("[fe80::g]"), label + "x", longest + "x", std::string(300, 'x')})
        CHECK_FALSE(is_host(host));
}

TEST_CASE("a port is a number without leading zeros", "[unit]") {
    CHECK(parse_port("1") == 1);
    CHECK(parse_port("65535") == 65'535);
    CHECK(parse_port("0", 0) == 0);
    for (const auto* const text : {"", "0", "080", "65536", "-1", "+1", " 1", "1 ", "0x1", "https"})
        CHECK_FALSE(parse_port(text));
}

TEST_CASE("an authority is a host, and maybe a port", "[unit]") {
    const auto plain = parse_authority("push.example.com");
    REQUIRE(plain);
    CHECK(plain->host == "push.example.com");
    CHECK_FALSE(plain->port);
    const auto address = parse_authority("[::1]:8443");
    REQUIRE(address);
    CHECK(address->host == "[::1]");
    CHECK(address->host_name() == "::1");
    CHECK(address->port == 8443);
    CHECK(parse_authority("[::1]")->host_name() == "::1");
    CHECK(parse_authority("127.0.0.1:80")->host_name() == "127.0.0.1");
    CHECK(parse_authority("a:0", 0)->port == 0);
    for (const auto* const text : {"", ":80", "a:", "a:0", "a:b", "a:1:2", "::1", "[::1", "[::1]2",
                                   "[::1]:", "u@a", "a b", "a/b", "a:80/", "a..b"})
        CHECK_FALSE(parse_authority(text));
}

}  // namespace dispatcher
