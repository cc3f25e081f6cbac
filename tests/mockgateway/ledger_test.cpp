#include "mockgateway/ledger.h"

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher::mock {
namespace {

std::string contents(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

LedgerLine line() {
    return {"aa", "id", "c\"d", "com.example.app", "alert", "{}", 4, 9};
}

TEST_CASE("a ledger line has its keys in order, the token first, and the time in UTC") {
    const test::TemporaryFolder folder;
    const auto file = folder.path() + "/ledger.ndjson";
    Ledger ledger(file);
    ledger.set_time(WallTime(std::chrono::milliseconds(1803891603123)));
    ledger.append(line());
    CHECK(contents(file).empty());
    ledger.write();
    CHECK(contents(file) ==
          R"({"token":"aa","notification_id":"id","collapse_id":"c\"d","topic":"com.example.app",)"
          R"("push_type":"alert","at":"2027-03-01T09:00:03.123Z","payload_sha256":)"
          R"("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)"
          R"("connection":4,"stream":9})"
          "\n");
}

TEST_CASE("a torn last line is cut off when the ledger is opened again") {
    const test::TemporaryFolder folder;
    const auto file = folder.path() + "/ledger.ndjson";
    std::ofstream(file) << "{\"token\":\"aa\"}\n{\"token\":\"b";
    {
        Ledger ledger(file);
        CHECK(contents(file) == "{\"token\":\"aa\"}\n");
        ledger.append(line());
        ledger.write();
    }
    std::ofstream(file) << "{\"tok";
    const Ledger ledger(file);
    CHECK(contents(file).empty());
}

TEST_CASE("a ledger has one writer") {
    const test::TemporaryFolder folder;
    const auto file = folder.path() + "/ledger.ndjson";
    const Ledger ledger(file);
    CHECK_THROWS_AS(Ledger(file), UnavailableError);
}

TEST_CASE("a ledger that cannot be opened or written says so") {
    CHECK_THROWS_AS(Ledger("/nowhere/ledger.ndjson"), UnavailableError);
    Ledger full("/dev/full");
    full.append(line());
    CHECK_THROWS_AS(full.write(), UnavailableError);
}

}  // namespace
}  // namespace dispatcher::mock
