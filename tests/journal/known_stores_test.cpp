#include "journal/known_stores.h"

#include <fstream>

#include "base/error.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher {
namespace {

using Entry = KnownStores::Entry;

}  // namespace

TEST_CASE("a store is remembered once, beside others") {
    const test::TemporaryFolder folder;
    const KnownStores stores(folder.path());
    CHECK(stores.list().empty());
    const Entry one{"0a1b", "sqlite:/var/lib/push once/one.db"};
    const Entry two{"2c3d", "sqlite:/var/lib/two.db"};
    stores.note(one);
    stores.note(two);
    stores.note(one);
    CHECK(stores.list() == std::vector{one, two});
    CHECK(KnownStores(folder.path()).list() == std::vector{one, two});
}

TEST_CASE("a line that was cut short names nothing and spoils no other") {
    const test::TemporaryFolder folder;
    const KnownStores stores(folder.path());
    std::ofstream(stores.path()) << "0a1b sqlite:/one.db\n2c3";
    CHECK(stores.list() == std::vector<Entry>{{"0a1b", "sqlite:/one.db"}});
    stores.note({"4e5f", "sqlite:/three.db"});
    CHECK(stores.list() ==
          std::vector<Entry>{{"0a1b", "sqlite:/one.db"}, {"4e5f", "sqlite:/three.db"}});
}

TEST_CASE("a directory that is not there holds none, and nothing can be noted in it") {
    const KnownStores stores("/proc/nowhere");
    CHECK(stores.list().empty());
    CHECK_THROWS_AS(stores.note({"0a1b", "sqlite:/one.db"}), UnavailableError);
}

}  // namespace dispatcher
