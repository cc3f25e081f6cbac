#include "mysql/mysql_url.h"

#include "base/error.h"
#include "store/mysql/connection_guard.h"
#include "support/catch.h"

namespace dispatcher::mysql {

TEST_CASE("a url names user, hosts in their order, and database", "[store][unit]") {
    const auto url = MysqlUrl::parse("mysql://us%40er@db1:3307,db2,[::1]:3308/push%2Fonce");
    CHECK(url.user == "us@er");
    CHECK(url.database == "push/once");
    CHECK(url.socket.empty());
    REQUIRE(url.hosts.size() == 3);
    CHECK(url.hosts[0].name == "db1");
    CHECK(url.hosts[0].port == 3307);
    CHECK(url.hosts[1].name == "db2");
    CHECK(url.hosts[1].port == 3306);
    CHECK(url.hosts[2].name == "::1");
    CHECK(url.hosts[2].port == 3308);
    CHECK(MysqlUrl::parse("mysql://u@localhost/d?socket=/run/a%20b.sock").socket ==
          "/run/a b.sock");
}

TEST_CASE("a url that cannot be meant is refused without repeating it", "[store][unit]") {
    for (const auto* const text :
         {"mysql:/u@h/d", "mysql://h/d", "mysql://@h/d", "mysql://u@h", "mysql://u@h/",
          "mysql://u@/d", "mysql://u@h:0/d", "mysql://u@h:65536/d", "mysql://u@h:x/d",
          "mysql://u@h,/d", "mysql://u@h/d?tls=1", "mysql://u@h/d?socket=x", "mysql://u@h/%4",
          "mysql://u@h/%zz", "mysql://u:hunter2@h/d", "mysql://u@[::1/d"}) {
        CAPTURE(text);
        try {
            (void)MysqlUrl::parse(text);
            FAIL("was taken");
        } catch (const ConfigError& error) {
            CHECK(std::string(error.what()).find("hunter2") == std::string::npos);
        }
    }
}

TEST_CASE("errors that are not on the list are ambiguous and end the connection", "[store][unit]") {
    using Kind = StoreError::Kind;
    for (const int number : {1213, 1020, 1040, 1045, 1290, 1836, 1047, 3101, 8002, 8005, 9007}) {
        CHECK(kind_of(number) == Kind::not_applied);
    }
    CHECK(kind_of(1205) == Kind::lock_timeout);
    CHECK(kind_of(1062) == Kind::duplicate);
    CHECK(kind_of(1146) == Kind::schema);
    CHECK(survives(1205));
    CHECK(survives(1062));
    CHECK(survives(1213));
    CHECK_FALSE(survives(1290));
    for (const int number :
         {0, 2006, 2013, 2055, 1053, 1317, 1969, 3024, 1927, 1180, 1105, 1021, 1114, 4031, 99999}) {
        CAPTURE(number);
        CHECK(kind_of(number) == Kind::ambiguous);
        CHECK_FALSE(survives(number));
    }
}

}  // namespace dispatcher::mysql
