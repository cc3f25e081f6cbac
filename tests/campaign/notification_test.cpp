#include "campaign/notification.h"

#include <string>

#include "support/catch.h"

using dispatcher::NotificationKey;

// Golden values: they were sent to devices, so they may never change. From the shell:
// printf 'spring-sale-2027\0d-000017' | sha256sum, version 8 and variant 10 put in by hand.
TEST_CASE("the ids of a notification are the same for ever", "[unit]") {
    const NotificationKey key("spring-sale-2027", "d-000017");
    CHECK(key.id() == "e2ffef71-9a0b-82cd-a77f-0ce3fd27708f");
    CHECK(key.collapse_id() == "4v_vcZoLws2nfwzj_Sdwj7-rU_quh_CTdhGOgRbK7ng");
}

TEST_CASE("campaign and appid cannot be shifted into each other", "[unit]") {
    CHECK(NotificationKey("ab", "c").id() != NotificationKey("a", "bc").id());
    CHECK(NotificationKey("a", "b").id() != NotificationKey("b", "a").id());
    CHECK(NotificationKey("a", "b").collapse_id() == NotificationKey("a", "b").collapse_id());
}

TEST_CASE("the id is a valid UUID of version 8", "[unit]") {
    for (int i = 0; i < 100; ++i) {
        const NotificationKey key("c", std::to_string(i));
        const auto id = std::string(key.id());
        REQUIRE(id.size() == 36);
        CHECK(id[14] == '8');
        CHECK(std::string("89ab").find(id[19]) != std::string::npos);
        for (const std::size_t dash : {8U, 13U, 18U, 23U})
            CHECK(id[dash] == '-');
    }
}
