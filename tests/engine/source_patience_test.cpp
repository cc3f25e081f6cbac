#include "engine/source_patience.h"

#include "support/catch.h"

using namespace std::chrono_literals;

namespace dispatcher {
namespace {

struct Heard final : Observer {
    void source_lost(const std::string& why) override { losses.push_back(why); }
    void source_restored() override { ++restored; }
    std::vector<std::string> losses;
    int restored = 0;
};

BootTime at(std::chrono::seconds time) {
    return BootTime(time);
}

}  // namespace

TEST_CASE("a source is waited for as long as the store is, and told of once", "[unit]") {
    EngineOptions options;
    options.store_patience = 10s;
    Heard heard;
    SourcePatience patience(options, heard);
    CHECK(patience.bears("gone", at(100s)));
    CHECK(patience.retry_at() == at(101s));
    CHECK(patience.bears("gone", at(101s)));
    CHECK(patience.bears("gone", at(109s)));
    CHECK_FALSE(patience.bears("gone", at(110s)));
    CHECK(heard.losses == std::vector<std::string>{"gone"});
    patience.succeeded();
    patience.succeeded();
    CHECK(heard.restored == 1);
    CHECK(patience.bears("gone", at(111s)));
}

TEST_CASE("time in which nobody asked a source is no time that it was away", "[unit]") {
    EngineOptions options;
    options.store_patience = 10s;
    Heard heard;
    SourcePatience patience(options, heard);
    CHECK(patience.bears("gone", at(100s)));
    CHECK(patience.bears("gone", at(40'000s)));
    CHECK_FALSE(patience.bears("gone", at(40'010s)));
}

}  // namespace dispatcher
