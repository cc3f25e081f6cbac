#include "engine/lane.h"

#include <stdexcept>

#include "gateway/loopback/loopback_type.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

class AwayStore final : public Store {
  public:
    std::unique_ptr<StoreSession> connect() override {
        throw StoreError(StoreError::Kind::unavailable, "nobody answers");
    }
    std::string store_id() override { return {}; }
};

class EmptyJournal final : public Journal {
  public:
    std::optional<BatchNo> open_batch(const BatchRecord&) override { return std::nullopt; }
    void mark(BatchNo, std::uint32_t, SlotState, Reason) override {}
    void sync() override {}
    void free_batch(BatchNo) override {}
    std::size_t open_batches() const override { return 0; }
};

/// Stands for whatever can fail in a sender's thread: memory, a journal's disk.
class FailingGateway final : public Gateway {
  public:
    std::size_t capacity() const override { return 0; }
    void submit(Ticket, const Notification&) override {}
    void wait(BootTime, std::vector<GatewayAnswer>&) override {
        throw std::runtime_error("the sender fails");
    }
    void wake() override {}
    std::size_t in_flight() const override { return 0; }
    Health health() const override { return {}; }
};

}  // namespace

TEST_CASE("a lane whose sender fails is done, so that the run ends and tells why", "[unit]") {
    Campaign campaign;
    campaign.name = CampaignName::from_store("spring");
    campaign.message.default_locale = "en";
    campaign.message.locales["en"].title = "Hello";
    campaign.audience.columns = {"token"};
    campaign.gateways.push_back({"loop", "loopback", "here"});
    const EngineOptions options;
    const auto type = loopback::make_type();
    AwayStore store;
    EmptyJournal journal;
    SystemClock clock;
    SystemRandom random;
    Observer observer;
    Tally tally;
    const LaneContext context{{CampaignId{1}, ScopeId{1}, CampaignState::running, 1, {}, {}},
                              campaign,
                              {},
                              GatewayNo{0},
                              "loop",
                              0,
                              IncarnationId{7},
                              {},
                              options,
                              store,
                              journal,
                              clock,
                              random,
                              observer,
                              tally};
    FailingGateway gateway;
    Lane lane(context, gateway, *type, milliseconds(1000));
    LaneThreads threads(lane, gateway, clock, options);
    CHECK_THROWS_WITH(threads.join(), "the sender fails");
    CHECK(lane.is_done());
}

}  // namespace dispatcher
