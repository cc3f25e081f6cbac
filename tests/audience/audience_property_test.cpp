#include <map>
#include <random>

#include "audience_case.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

struct MadeRow {
    std::string appid;
    std::string token;
    std::string platform;
    std::string name;
};

/// An audience with everything that happens: duplicates, shared tokens, bad rows, quotes.
std::vector<MadeRow> make_rows(std::mt19937& random) {
    const std::size_t count = 1 + random() % 3'000;
    const std::size_t appids = 1 + random() % (2 * count);
    const std::size_t tokens = 1 + random() % (20 * count);
    const std::vector<std::string> names = {"", "Ann", "O\"Neil", "a,b", "two\nlines", "J\xC3\xBC"};
    std::vector<MadeRow> rows;
    for (std::size_t i = 0; i < count; ++i) {
        MadeRow row;
        row.appid = (random() % 3 == 0 ? "device-" : "") + std::to_string(random() % appids);
        row.token = random() % 50 == 0 ? "broken" : "t" + std::to_string(random() % tokens);
        row.platform = random() % 40 == 0 ? "web" : random() % 2 == 0 ? "ios" : "android";
        row.name = names[random() % names.size()];
        rows.push_back(row);
    }
    return rows;
}

std::string to_csv(const std::vector<MadeRow>& rows) {
    std::string text = "appid,token,platform,name\n";
    for (const auto& row : rows) {
        std::string name;
        for (const char c : row.name)
            name += c == '"' ? std::string("\"\"") : std::string(1, c);
        if (name.find_first_of("\",\n") != std::string::npos) name = '"' + name + '"';
        text += row.appid + ',' + row.token + ',' + row.platform + ',' + name + '\n';
    }
    return text;
}

struct Expected {
    AudienceCounts counts;
    std::vector<ReadRecipient> recipients;
};

/// The same in a few lines of maps.
Expected expect(const std::vector<MadeRow>& rows, OnSharedToken policy) {
    Expected expected;
    std::map<std::string, std::size_t> by_appid;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].platform == "web" || rows[i].token == "broken")
            ++expected.counts.bad_rows;
        else if (!by_appid.emplace(rows[i].appid, i).second)
            ++expected.counts.duplicates;
    }
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_token;
    for (const auto& [appid, row] : by_appid)
        by_token[{rows[row].platform, rows[row].token}].push_back(row);
    std::map<std::size_t, bool> is_dropped;
    for (const auto& [token, sharing] : by_token) {
        if (sharing.size() == 1) continue;
        expected.counts.shared_tokens += sharing.size();
        for (const auto row : sharing)
            is_dropped[row] = row != *std::min_element(sharing.begin(), sharing.end());
    }
    expected.counts.by_gateway = {0, 0};
    for (const auto& [appid, i] : by_appid) {
        if (policy == OnSharedToken::first && is_dropped[i]) continue;
        const auto& row = rows[i];
        const std::uint16_t gateway = row.platform == "ios" ? 0 : 1;
        std::vector<std::string> values = {row.token, row.platform};
        if (!row.name.empty()) values.push_back(row.name);
        expected.recipients.push_back({appid, gateway, values});
        ++expected.counts.by_gateway[gateway];
    }
    return expected;
}

}  // namespace

TEST_CASE("random audiences come out as a simple reference has them", "[files]") {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        std::mt19937 random(seed);
        const auto rows = make_rows(random);
        AudienceCase given(to_csv(rows));
        given.options.on_bad_row = OnBadRow::skip;
        given.options.on_shared_token = seed % 2 == 0 ? OnSharedToken::first : OnSharedToken::allow;
        given.options.sort_bytes_max = std::size_t{1'000} << random() % 12;
        const auto expected = expect(rows, given.options.on_shared_token);
        INFO("seed " << seed);
        if (expected.recipients.empty()) {
            CHECK(given.error().find("the audience is empty") != std::string::npos);
            continue;
        }
        const auto audience = given.read();
        REQUIRE(all_recipients(audience) == expected.recipients);
        REQUIRE(audience.counts().rows == rows.size());
        REQUIRE(audience.counts().bad_rows == expected.counts.bad_rows);
        REQUIRE(audience.counts().duplicates == expected.counts.duplicates);
        REQUIRE(audience.counts().shared_tokens == expected.counts.shared_tokens);
        REQUIRE(audience.counts().recipients == expected.recipients.size());
        REQUIRE(audience.counts().by_gateway == expected.counts.by_gateway);

        std::map<std::string, ReadRecipient> from_chunks;
        const auto seal = audience.cut([&from_chunks](Audience::Chunk&& chunk) {
            const auto appids = read_chunk_keys(chunk.blocks.keys);
            const ChunkData data(chunk.blocks.data);
            REQUIRE(data.rows() == appids.size());
            std::vector<std::string_view> values;
            for (std::size_t i = 0; i < appids.size(); ++i) {
                data.row(i, values);
                from_chunks[std::string(appids[i])] = {
                    std::string(appids[i]), chunk.gateway.value, {values.begin(), values.end()}};
            }
        });
        REQUIRE(seal.recipients == expected.recipients.size());
        REQUIRE(from_chunks.size() == expected.recipients.size());
        for (const auto& recipient : expected.recipients)
            REQUIRE(from_chunks.at(recipient.appid) == recipient);
    }
}

}  // namespace dispatcher
