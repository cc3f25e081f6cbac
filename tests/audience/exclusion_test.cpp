#include <map>

#include "audience_case.h"
#include "campaign/routing.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

/// An audience file with lists of those who are struck out.
struct ExclusionCase : AudienceCase {
    explicit ExclusionCase(std::string_view text) : AudienceCase(text) { accept_every_token(); }

    void exclude(const std::string& name, std::string_view text) {
        RowsFrom from;
        from.file = files.write(name, text);
        from.part.file = name;
        options.exclude.push_back(from);
    }
    [[nodiscard]] std::vector<std::string> appids() const {
        std::vector<std::string> all;
        for (const auto& recipient : all_recipients(read()))
            all.push_back(recipient.appid);
        return all;
    }
};

using Appids = std::vector<std::string>;
using Counts = std::vector<std::uint64_t>;

constexpr auto kFour = "appid,platform,token\na,ios,1\nb,ios,2\nc,android,3\nd,ios,4\n";

}  // namespace

TEST_CASE("members of an exclusion are struck out and counted by the first that has them",
          "[files]") {
    ExclusionCase given(kFour);
    given.exclude("x.csv", "why,appid\nmail,b\nmail,nobody\nmail,b\n");
    given.exclude("y.ndjson", "{\"appid\":\"b\"}\n{\"appid\":\"c\"}\n");
    given.exclude("z.csv", "appid\n");
    CHECK(given.appids() == Appids{"a", "d"});
    const auto audience = given.read();
    CHECK(audience.counts().rows == 4);
    CHECK(audience.counts().recipients == 2);
    CHECK(audience.counts().excluded == 2);
    CHECK(audience.counts().excluded_by == Counts{1, 1, 0});
    CHECK(audience.counts().by_gateway == Counts{2, 0});
    const auto& origin = audience.origin();
    REQUIRE(origin.exclude.size() == 3);
    CHECK(origin.exclude[0].file == "x.csv");
    CHECK(origin.exclude[0].excluded == 1);
    CHECK(origin.exclude[0].content_sha256.empty());
}

TEST_CASE("excluded members are sealed in chunks of their own", "[files]") {
    ExclusionCase given(kFour);
    given.exclude("x.csv", "appid\nb\nc\n");
    std::map<std::uint16_t, Appids> by_gateway;
    const auto seal = given.read().cut([&](Audience::Chunk&& chunk) {
        const auto keys = read_chunk_keys(chunk.blocks.keys);
        const ChunkData data(chunk.blocks.data);
        CHECK(data.rows() == keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i)
            by_gateway[chunk.gateway.value].emplace_back(keys[i]);
    });
    CHECK(by_gateway ==
          std::map<std::uint16_t, Appids>{{0, {"a", "d"}}, {kExcludedGateway.value, {"b", "c"}}});
    CHECK(seal.recipients == 2);
    CHECK(seal.excluded == 2);
    CHECK(seal.members() == 4);
    REQUIRE(seal.origin.has_value());
    given.options.exclude.clear();
    const auto whole = given.read().cut([](Audience::Chunk&&) {});
    CHECK(whole.sha256 != seal.sha256);
}

TEST_CASE("a repeated member that is excluded is a duplicate and excluded once", "[files]") {
    ExclusionCase given("appid,platform,token\nb,ios,1\na,ios,2\nb,ios,3\nb,ios,4\n");
    given.exclude("x.csv", "appid\nb\n");
    const auto audience = given.read();
    CHECK(audience.counts().excluded == 1);
    CHECK(audience.counts().duplicates == 2);
    CHECK(audience.counts().recipients == 1);
}

TEST_CASE("the device token of an excluded member is nobody's", "[files]") {
    ExclusionCase given("appid,platform,token\na,ios,same\nb,ios,same\nc,ios,too\nd,ios,too\n");
    given.exclude("x.csv", "appid\na\n");
    CHECK(
        given.error() ==
        "FILE:5: has the device token of line 4, but another appid\n2 rows share a device token: "
        "one device would be notified twice; `on_shared_token: first` keeps the first row of each, "
        "`allow` sends to all");
    given.options.on_shared_token = OnSharedToken::first;
    CHECK(given.appids() == Appids{"b", "c"});
}

TEST_CASE("an audience of which everybody is excluded is empty", "[files]") {
    ExclusionCase given("appid,platform,token\na,ios,1\n");
    given.exclude("x.csv", "appid\na\n");
    CHECK(given.error() ==
          "FILE: the audience is empty: 1 rows were read, 0 of them bad, 1 members excluded");
}

TEST_CASE("a bad row of an exclusion is told under its own name", "[files]") {
    ExclusionCase given(kFour);
    given.exclude("x.csv", "appid\nb\n\"\"\n");
    const auto& path = given.options.exclude[0].file;
    CHECK(given.error() == path +
                               ":3: appid is empty\nnothing was sealed; `on_bad_row: skip` would "
                               "leave these rows out");
    given.options.on_bad_row = OnBadRow::skip;
    const auto audience = given.read();
    CHECK(audience.counts().bad_rows == 1);
    REQUIRE(audience.counts().problems.size() == 1);
    CHECK(audience.counts().problems[0].where == "line 3 of file x.csv");
    CHECK(audience.counts().excluded == 1);
}

TEST_CASE("files beside a query are hashed as they are read", "[files]") {
    ExclusionCase given(kFour);
    given.exclude("x.csv", "appid\nb\n");
    RowsFrom query;
    query.part.kind = AudiencePart::Kind::campaign;
    query.part.campaign = "other";
    query.place = "c.yaml:5:3";
    given.options.exclude.push_back(query);
    struct NoRows final : RowReader {
        bool next(Row&) override { return false; }
        [[nodiscard]] const std::vector<std::string>& columns() const override { return none; }
        [[nodiscard]] bool has_header() const override { return true; }
        std::vector<std::string> none;
    };
    const auto audience = Audience::read(given.options, given.routing, given.check_token, {},
                                         [](const RowsFrom& from) -> std::unique_ptr<RowReader> {
                                             CHECK(from.part.campaign == "other");
                                             return std::make_unique<NoRows>();
                                         });
    CHECK(audience.origin().exclude[0].content_sha256.size() == 64);
    CHECK(is_same_definition(audience.origin(), hashed_origin_of(given.options)));
    (void)given.files.write("x.csv", "appid\nc\n");
    CHECK_FALSE(is_same_definition(audience.origin(), hashed_origin_of(given.options)));
}

}  // namespace dispatcher
