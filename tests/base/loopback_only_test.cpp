#include "base/loopback_only.h"

#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/catch.h"

namespace dispatcher {
namespace {

bool may_connect_to(const std::string& address) {
    sockaddr_storage storage{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        storage.ss_family = AF_INET;
    } else {
        REQUIRE(inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1);
        storage.ss_family = AF_INET6;
    }
    return may_connect(reinterpret_cast<const sockaddr&>(storage));
}

}  // namespace

TEST_CASE("a process that is confined to loopback connects to nothing else", "[unit]") {
    CHECK(may_connect_to("203.0.113.7"));
    confine_to_loopback();
    for (const auto* here : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
        INFO(here);
        CHECK(may_connect_to(here));
    }
    for (const auto* beyond :
         {"203.0.113.7", "10.0.0.1", "0.0.0.0", "128.0.0.1", "126.255.255.255", "192.168.1.1",
          "2001:db8::1", "::", "fe80::1", "::ffff:203.0.113.7", "fd00::127.0.0.1"}) {
        INFO(beyond);
        CHECK_FALSE(may_connect_to(beyond));
    }
}

}  // namespace dispatcher
