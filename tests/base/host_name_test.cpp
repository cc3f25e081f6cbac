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
          label + "x", longest + "x", std::string(300, 'x')})
        CHECK_FALSE(is_host(host));
}

}  // namespace dispatcher
