#include "rehearsal/send_times.h"

#include <fstream>

#include "rehearsal/ledger_lines.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

WallTime at(int ms) {
    return WallTime{} + milliseconds{ms};
}

}  // namespace

TEST_CASE("the rate is counted within each process; what lies between costs nothing", "[unit]") {
    SendTimes times({at(0), at(60'000)});
    for (int i = 0; i <= 1000; ++i)
        times.add(at(500 + i));
    for (int i = 0; i <= 1000; ++i)
        times.add(at(70'000 + i));
    CHECK(times.accepted() == 2002);
    CHECK(times.sending() == milliseconds{2000});
    CHECK(times.per_second() == 1000.0);
}

TEST_CASE("too few, or too short a time, tell no rate", "[unit]") {
    SendTimes few({at(0)});
    for (int i = 0; i < 50; ++i)
        few.add(at(i * 100));
    CHECK_FALSE(few.per_second());

    SendTimes brief({at(0)});
    for (int i = 0; i < 500; ++i)
        brief.add(at(i / 10));
    CHECK_FALSE(brief.per_second());
}

TEST_CASE("a ledger is read line by line, with its times", "[unit]") {
    test::TemporaryFolder folder;
    const auto file = std::string(folder.path()) + "/ledger.ndjson";
    std::ofstream(file)
        << R"({"token":"ab","notification_id":"n1","at":"1970-01-02T00:00:03.004Z"})"
        << "\n"
        << R"({"appid":"d","notification_id":"n2"})"
        << "\nrubbish\n";
    std::vector<AcceptedLine> lines;
    read_ledger(file, [&](const AcceptedLine& line) { lines.push_back(line); });
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].notification_id == "n1");
    CHECK(lines[0].token == "ab");
    REQUIRE(lines[0].at);
    CHECK(*lines[0].at == at(86'403'004));
    CHECK(lines[1].notification_id == "n2");
    CHECK_FALSE(lines[1].at);
    CHECK(lines[2].notification_id.empty());
    lines.clear();
    read_ledger(file + ".none", [&](const AcceptedLine& line) { lines.push_back(line); });
    CHECK(lines.empty());
}

}  // namespace dispatcher
