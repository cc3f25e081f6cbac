#include "engine/audience_sample.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include <fmt/format.h>

#include "support/catch.h"

using namespace dispatcher;

namespace {

constexpr std::size_t kSize = 1000;

AudienceSample sample_of(std::size_t members, const std::string& prefix = "device-") {
    AudienceSample sample(kSize);
    for (std::size_t i = 0; i < members; ++i)
        sample.add(prefix + std::to_string(i), "");
    return sample;
}

}  // namespace

TEST_CASE("a small audience is its own sample", "[engine][unit]") {
    AudienceSample sample(3);
    sample.add("c", "de");
    sample.add("a", "en");
    sample.add("b", std::string(100, 'x'));
    const auto members = sample.members();
    REQUIRE(members.size() == 3);
    CHECK(members[0].appid == "a");
    CHECK(members[0].locale == "en");
    CHECK(members[1].locale.size() == AudienceSample::kLocaleBytes);
    CHECK(members[2].appid == "c");
    CHECK(sample.seen() == 3);
    CHECK(AudienceSample(0).members().empty());
}

TEST_CASE("a sample never holds more members than it may", "[engine][unit]") {
    AudienceSample sample(kSize);
    for (std::size_t i = 0; i < 20'000; ++i) {
        sample.add(fmt::format("d-{:06}", i), "en");
        if (i % 5000 == 0) CHECK(sample.members().size() == std::min(i + 1, kSize));
    }
    CHECK(sample.members().size() == kSize);
    CHECK(sample.seen() == 20'000);
    AudienceSample none(0);
    none.add("a", "");
    CHECK(none.members().empty());
}

TEST_CASE("the same audience gives the same sample, in whatever order it comes", "[engine][unit]") {
    AudienceSample forward(kSize);
    AudienceSample backward(kSize);
    for (int i = 0; i < 5000; ++i)
        forward.add(std::to_string(i), "");
    for (int i = 4999; i >= 0; --i)
        backward.add(std::to_string(i), "");
    const auto left = forward.members();
    const auto right = backward.members();
    CHECK(std::ranges::equal(left, right, {}, &AudienceSample::Member::appid,
                             &AudienceSample::Member::appid));
    CHECK(std::ranges::is_sorted(left, {}, &AudienceSample::Member::appid));
}

TEST_CASE("a share of the audience shows in the sample within three standard errors",
          "[engine][unit]") {
    // Appids as people make them: numbered, padded, and with a long common beginning.
    const std::string prefix = GENERATE("device-", "d-0000", "com.example.app:installation:");
    constexpr std::size_t kMembers = 50'000;
    const auto members = sample_of(kMembers, prefix).members();
    REQUIRE(members.size() == kSize);
    for (const double share : {0.01, 0.2, 0.5, 0.98}) {
        // The first so many: neighbours, as a list that was split by number has them.
        const auto limit = static_cast<std::size_t>(share * kMembers);
        const auto in_share = std::ranges::count_if(members, [&](const auto& member) {
            return std::stoul(member.appid.substr(prefix.size())) < limit;
        });
        const auto error = std::sqrt(share * (1 - share) / kSize);
        INFO(prefix << " " << share);
        CHECK(std::abs(static_cast<double>(in_share) / kSize - share) <= 3 * error);
    }
}
