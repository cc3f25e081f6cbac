#include "campaign/tombstone.h"

#include "base/encoding.h"
#include "campaign/names.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

const std::string kKey(32, 'k');

}  // namespace

TEST_CASE("a tombstone is the same each time, and another one for every scope, appid and key") {
    const auto tombstone = tombstone_of(kKey, {7}, "d-000017");
    CHECK(tombstone.size() == kTombstoneBytes);
    CHECK(tombstone == tombstone_of(kKey, {7}, "d-000017"));
    CHECK(tombstone != tombstone_of(kKey, {8}, "d-000017"));
    CHECK(tombstone != tombstone_of(kKey, {7}, "d-000018"));
    CHECK(tombstone != tombstone_of(std::string(32, 'l'), {7}, "d-000017"));
}

TEST_CASE("no appid is a tombstone, and a tombstone sorts behind every appid") {
    const auto tombstone = tombstone_of(kKey, {7}, "d-000017");
    CHECK(is_tombstone(tombstone));
    CHECK_FALSE(is_utf8(tombstone));
    CHECK(appid_problem(tombstone));
    CHECK_FALSE(is_tombstone(std::string(kTombstoneBytes, 'x')));
    CHECK(tombstone > std::string("\xF4\x8F\xBF\xBF"));  // the last character there is
}

TEST_CASE("the name of a tombstone is plain text and does not tell the appid") {
    const auto name = tombstone_name(tombstone_of(kKey, {7}, "d-000017"));
    CHECK(name.starts_with("forgotten:"));
    CHECK(name.size() == 53);
    CHECK(name.find("000017") == std::string::npos);
}

}  // namespace dispatcher
