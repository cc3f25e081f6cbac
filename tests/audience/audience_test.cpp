#include "audience/audience.h"

#include <fcntl.h>
#include <unistd.h>

#include "audience_case.h"
#include "base/encoding.h"
#include "packed.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using Recipients = std::vector<ReadRecipient>;

/// Stdin reads this file, as long as the object lives.
class StdinFrom {
  public:
    explicit StdinFrom(const std::string& path) : saved_(dup(STDIN_FILENO)) {
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        dup2(file, STDIN_FILENO);
        close(file);
    }
    ~StdinFrom() {
        dup2(saved_, STDIN_FILENO);
        close(saved_);
    }
    StdinFrom(const StdinFrom&) = delete;
    StdinFrom& operator=(const StdinFrom&) = delete;

  private:
    int saved_;
};

const std::string kThree =
    "token,appid,platform,name\nt3,c,ios,Carl\nt1,a,android,\nt2,b,ios,\"B, \"\"b\"\"\"\n";
const Recipients kThreeSorted = {{"a", 1, {"t1", "android"}},
                                 {"b", 0, {"t2", "ios", "B, \"b\""}},
                                 {"c", 0, {"t3", "ios", "Carl"}}};

}  // namespace

TEST_CASE("an audience comes sorted by appid and routed by platform", "[files]") {
    const AudienceCase given(kThree);
    const auto audience = given.read();
    CHECK(audience.columns() == std::vector<std::string>{"token", "platform", "name"});
    CHECK(all_recipients(audience) == kThreeSorted);
    CHECK(all_recipients(audience) == kThreeSorted);
    CHECK(audience.counts().rows == 3);
    CHECK(audience.counts().recipients == 3);
    CHECK(audience.counts().by_gateway == std::vector<std::uint64_t>{2, 1});
    CHECK(given.scratch.is_empty());
}

TEST_CASE("values of one gateway can be replaced by one, also where there are none", "[files]") {
    const AudienceCase given(kThree);
    auto audience = given.read();
    const auto before = audience.cut([](Audience::Chunk&&) {});
    audience.replace(GatewayNo{0}, 0, "other");
    audience.replace(GatewayNo{1}, 2, "Anna");
    CHECK(all_recipients(audience) == Recipients{{"a", 1, {"t1", "android", "Anna"}},
                                                 {"b", 0, {"other", "ios", "B, \"b\""}},
                                                 {"c", 0, {"other", "ios", "Carl"}}});
    std::vector<std::string> tokens;
    const auto after = audience.cut([&](Audience::Chunk&& chunk) {
        const ChunkData data(chunk.blocks.data);
        std::vector<std::string_view> values;
        for (std::size_t row = 0; row < data.rows(); ++row) {
            data.row(row, values);
            tokens.emplace_back(values.front());
        }
    });
    CHECK(tokens == std::vector<std::string>{"other", "other", "t1"});
    CHECK(after.recipients == before.recipients);
    CHECK(after.sha256 != before.sha256);
}

TEST_CASE("the same audience from an archive, from NDJSON and from stdin", "[files]") {
    const std::string ndjson =
        "{\"token\":\"t3\",\"appid\":\"c\",\"platform\":\"ios\",\"name\":\"Carl\"}\n"
        "{\"token\":\"t1\",\"appid\":\"a\",\"platform\":\"android\"}\n"
        "{\"token\":\"t2\",\"appid\":\"b\",\"platform\":\"ios\",\"name\":\"B, \\\"b\\\"\"}\n";
    const auto seal_of = [](const AudienceCase& given) {
        return given.read().cut([](Audience::Chunk&&) {});
    };
    const auto expected = seal_of(AudienceCase(kThree));
    CHECK(seal_of(AudienceCase("\xEF\xBB\xBF" + kThree)) == expected);
    CHECK(seal_of(AudienceCase(gzip(kThree), "a.csv.gz")) == expected);
    CHECK(seal_of(AudienceCase(zstd(kThree), "a.csv.zst")) == expected);
    CHECK(seal_of(AudienceCase(ndjson, "a.ndjson")) == expected);
    CHECK(seal_of(AudienceCase(zstd("\xEF\xBB\xBF" + ndjson), "a.ndjson.zst")) == expected);
    for (const auto& text : {kThree, ndjson}) {
        AudienceCase given(text);
        const StdinFrom file(given.options.file);
        given.options.file = "-";
        CHECK(seal_of(given) == expected);
    }
    AudienceCase given(kThree);
    const StdinFrom file(given.options.file);
    given.options.file = "-";
    given.options.format = RowsFrom::Format::ndjson;
    CHECK(given.error().find("stdin:1: is not a JSON object") == 0);
}

TEST_CASE("the first row of an appid counts, the others are duplicates", "[files]") {
    AudienceCase given("appid,token,platform\nb,t1,ios\na,t2,ios\nb,t3,android\nb,t1,ios\n");
    const auto audience = given.read();
    CHECK(all_recipients(audience) == Recipients{{"a", 0, {"t2", "ios"}}, {"b", 0, {"t1", "ios"}}});
    CHECK(audience.counts().duplicates == 2);
    CHECK(audience.counts().recipients == 2);
    CHECK(audience.counts().rows == 4);
    CHECK(audience.counts().shared_tokens == 0);
    CHECK(audience.counts().by_gateway == std::vector<std::uint64_t>{2, 0});
}

TEST_CASE("appids are bytes: case, spaces and accents tell devices apart", "[files]") {
    AudienceCase given("appid,token\nab,1\naB,2\nab ,3\n\xC3\xA4,4\na\xCC\x88,5\n");
    given.send_all_to_one_gateway();
    CHECK(given.read().counts().recipients == 5);
}

TEST_CASE("every class of bad row is told with its line", "[files]") {
    const auto header = std::string("appid,token,platform\n");
    const auto problem = [&header](const std::string& row) {
        return AudienceCase(header + "ok,t,ios\n" + row + "\n").error();
    };
    const std::string closing =
        "\nnothing was sealed; `on_bad_row: skip` would leave these rows out";
    CHECK(problem(",t1,ios") == "FILE:3: appid is empty" + closing);
    CHECK(problem(std::string(65, 'x') + ",t1,ios").find("FILE:3: appid has 65 bytes") == 0);
    CHECK(problem("a\x01,t1,ios") == "FILE:3: appid contains a control character" + closing);
    CHECK(problem(std::string("a\0,t1,ios", 9)) ==
          "FILE:3: appid contains a control character" + closing);
    CHECK(problem("\"a\nb\",t1,ios") == "FILE:3: appid contains a control character" + closing);
    CHECK(problem("a\xFF,t1,ios") == "FILE:3: appid is not valid UTF-8" + closing);
    CHECK(problem("a,,ios") == "FILE:3: has no device token" + closing);
    CHECK(problem("a,broken,ios") == "FILE:3: the device token is not hexadecimal" + closing);
    CHECK(problem("a,t1,") == "FILE:3: has no platform; known platforms: android, ios" + closing);
    CHECK(problem("a,t1,web") ==
          "FILE:3: its platform has no gateway; known platforms: android, ios" + closing);
    CHECK(problem("a,t1,iOS") ==
          "FILE:3: the platform must be written `ios`, upper and lower case count" + closing);
    CHECK(problem("a,t1") == "FILE:3: has 2 fields, the header has 3" + closing);
    CHECK(problem("a,\"t1,ios")
              .find("FILE:3: the quoted field 2 that begins in line 3 does not end") == 0);
}

TEST_CASE("no error text repeats a value of the audience", "[files]") {
    const std::string secret = "cafe0123cafe0123";
    for (const auto& row : {"a,b," + secret, secret + "," + secret + ",x," + secret,
                            "a,\"" + secret + "\"x,ios", "a," + secret + "\",ios", "a,\"" + secret,
                            "a\x01," + secret + ",ios", "a," + secret + "\xFF,ios"}) {
        const auto error = AudienceCase("appid,token,platform\n" + row + "\n").error();
        CHECK_FALSE(error.empty());
        CHECK(error.find(secret) == std::string::npos);
    }
    CHECK(AudienceCase("a," + secret + ",ios\nb,t,ios\n").error().find(secret) ==
          std::string::npos);
    const auto shared =
        AudienceCase("appid,token,platform\na," + secret + ",ios\nb," + secret + ",ios\n").error();
    CHECK(shared.find("line 2") != std::string::npos);
    CHECK(shared.find(secret) == std::string::npos);
}

TEST_CASE("under stop the first twenty problems are listed", "[files]") {
    std::string text = "appid,token,platform\n";
    for (int i = 0; i < 50; ++i)
        text += "d" + std::to_string(i) + ",t" + std::to_string(i) + ",\n";
    const auto error = AudienceCase(text).error();
    CHECK(std::count(error.begin(), error.end(), '\n') == 20);
    CHECK(error.find("FILE:21: has no platform") != std::string::npos);
    CHECK(error.find("FILE:22:") == std::string::npos);
    CHECK(error.find("reading stopped here: there may be more") != std::string::npos);
}

TEST_CASE("under skip bad rows are counted and the first hundred kept", "[files]") {
    std::string text = "appid,token,platform\ngood,t,ios\n";
    for (int i = 0; i < 150; ++i)
        text += "d" + std::to_string(i) + ",t" + std::to_string(i) + ",\n";
    AudienceCase given(text + "also-good,u,ios\n");
    given.options.on_bad_row = OnBadRow::skip;
    const auto audience = given.read();
    CHECK(audience.counts().rows == 152);
    CHECK(audience.counts().bad_rows == 150);
    CHECK(audience.counts().recipients == 2);
    REQUIRE(audience.counts().problems.size() == 100);
    CHECK(audience.counts().problems[99].line == 102);
    CHECK(audience.counts().problems[0].problem ==
          "has no platform; known platforms: android, ios");
}

TEST_CASE("what cannot be read on ends the reading even under skip", "[files]") {
    AudienceCase given("appid,token,platform\na,t,\nb,\"t,ios\nc,t,ios\n");
    given.options.on_bad_row = OnBadRow::skip;
    const auto error = given.error();
    CHECK(error.find("FILE:2: has no platform") == 0);
    CHECK(error.find("FILE:3: the quoted field 2 that begins in line 3") != std::string::npos);
}

TEST_CASE("a column that every row would miss is told once", "[files]") {
    CHECK(AudienceCase("appid,platform\na,ios\n").error() ==
          "FILE:1: there is no column `token`, the gateway's address of the device");
    CHECK(AudienceCase("appid,token\na,t\n").error() ==
          "FILE:1: there is no column `platform`, by which the campaign chooses the gateway (known "
          "platforms: android, ios)");
    AudienceCase given("appid\na\nb\n");
    given.send_all_to_one_gateway();
    given.accept_every_token();
    const auto audience = given.read();
    CHECK(audience.counts().recipients == 2);
    CHECK(audience.counts().shared_tokens == 0);
    AudienceCase mixed("{\"appid\":\"a\"}\n{\"appid\":\"b\",\"token\":\"t\"}\n", "a.ndjson");
    mixed.send_all_to_one_gateway();
    CHECK(mixed.error().find("FILE:1: has no device token\nnothing was sealed") == 0);
}

TEST_CASE("a shared device token stops, or the first row keeps it, or all may", "[files]") {
    AudienceCase given(
        "appid,token,platform\nz,t1,ios\na,t1,ios\nb,t1,android\nm,t2,ios\nc,t1,ios\n");
    CHECK(
        given.error() ==
        "FILE:3: has the device token of line 2, but another appid\n"
        "FILE:6: has the device token of line 2, but another appid\n"
        "3 rows share a device token: one device would be notified twice; `on_shared_token: first` "
        "keeps the first row of each, `allow` sends to all");

    given.options.on_shared_token = OnSharedToken::first;
    const auto first = given.read();
    CHECK(all_recipients(first) == Recipients{{"b", 1, {"t1", "android"}},
                                              {"m", 0, {"t2", "ios"}},
                                              {"z", 0, {"t1", "ios"}}});
    CHECK(first.counts().recipients == 3);
    CHECK(first.counts().shared_tokens == 3);
    CHECK(first.counts().by_gateway == std::vector<std::uint64_t>{2, 1});

    given.options.on_shared_token = OnSharedToken::allow;
    const auto all = given.read();
    CHECK(all.counts().recipients == 5);
    CHECK(all.counts().shared_tokens == 3);
}

TEST_CASE("the size must be as expected, and never nothing", "[files]") {
    AudienceCase given(kThree);
    given.options.expect_min = 3;
    given.options.expect_max = 3;
    CHECK(given.error().empty());
    given.options.expect_min = 4;
    CHECK(given.error() ==
          "FILE: the audience has 3 recipients, fewer than expected (`expect: {min: 4}`)");
    given.options.expect_min.reset();
    given.options.expect_max = 2;
    CHECK(given.error() ==
          "FILE: the audience has 3 recipients, more than expected (`expect: {max: 2}`)");

    CHECK(AudienceCase("appid,token,platform\n").error() ==
          "FILE: the audience is empty: 0 rows were read, 0 of them bad");
    CHECK(AudienceCase("", "a.ndjson").error() ==
          "FILE: the audience is empty: 0 rows were read, 0 of them bad");
    AudienceCase bad("appid,token,platform\na,t,\n");
    bad.options.on_bad_row = OnBadRow::skip;
    CHECK(bad.error() == "FILE: the audience is empty: 1 rows were read, 1 of them bad");
}

TEST_CASE("a name without a known ending, and what is not text, are refused", "[files]") {
    for (const auto* name : {"a.txt", "a", "a.gz", "csv", "a.csv.bz2"})
        CHECK(AudienceCase(kThree, name).error() ==
              "FILE: the name of an audience file must end in .csv or .ndjson, or one of them and "
              ".gz or .zst");
    CHECK(AudienceCase(gzip(kThree)).error() ==
          "FILE: is packed by gzip: let its name end in .gz, or unpack it before stdin");
    CHECK(AudienceCase(zstd(kThree)).error() ==
          "FILE: is packed by zstd: let its name end in .zst, or unpack it before stdin");
    CHECK(AudienceCase(std::string("\xFF\xFE"
                                   "a\0p\0",
                                   6))
              .error() == "FILE: the file is UTF-16; save it as UTF-8");
    CHECK(AudienceCase(gzip(kThree).substr(0, 30), "a.csv.gz").error() ==
          "FILE: the gzip archive ends early: it was cut off; copy it again");
}

TEST_CASE("chunks are of one gateway, sorted, numbered as they fill, and sealed", "[files]") {
    std::string text = "appid,token,platform\n";
    constexpr std::size_t kRows = 3 * kChunkRows;
    for (std::size_t i = 0; i < kRows; ++i) {
        const auto number = std::to_string(1'000'000 + i * 7'919 % kRows);
        text += number + ",t" + number + (number.back() < '3' ? ",android\n" : ",ios\n");
    }
    const AudienceCase given(text);
    const auto audience = given.read();
    std::vector<Audience::Chunk> chunks;
    const auto seal =
        audience.cut([&chunks](Audience::Chunk&& c) { chunks.push_back(std::move(c)); });
    CHECK(seal.recipients == kRows);
    CHECK(seal.columns == audience.columns());

    REQUIRE(chunks.size() == 4);
    CHECK(chunks[0].gateway == GatewayNo{0});
    CHECK(chunks[1].gateway == GatewayNo{0});
    CHECK(chunks[2].gateway == GatewayNo{0});
    CHECK(chunks[3].gateway == GatewayNo{1});
    CHECK(chunks[0].rows == kChunkRows);
    CHECK(chunks[1].rows == kChunkRows);
    CHECK(chunks[2].rows + chunks[3].rows == kChunkRows);
    Sha256 hash;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        const auto& chunk = chunks[i];
        CHECK(chunk.no.value == i);
        const auto appids = read_chunk_keys(chunk.blocks.keys);
        CHECK(appids.size() == chunk.rows);
        CHECK(appids.front() == chunk.key_lo);
        CHECK(appids.back() == chunk.key_hi);
        CHECK(ChunkData(chunk.blocks.data).rows() == chunk.rows);
        CHECK(chunk_sha256(chunk.blocks.keys, chunk.blocks.data) == chunk.blocks.sha256);
        hash.update(std::string{'\0', static_cast<char>(chunk.gateway.value)});
        hash.update({reinterpret_cast<const char*>(chunk.blocks.sha256.data()), 32});
    }
    CHECK(hash.finish() == seal.sha256);
    CHECK(audience.cut([](Audience::Chunk&&) {}) == seal);
}

TEST_CASE("the seal does not depend on the order of rows nor on the memory for sorting",
          "[files]") {
    std::string forwards = "appid,token\n";
    std::string backwards = forwards;
    for (int i = 0; i < 20'000; ++i) {
        const auto up = std::to_string(i);
        const auto down = std::to_string(19'999 - i);
        forwards += up + ",t" + up + "\n";
        backwards += down + ",t" + down + "\n";
    }
    const auto seal_of = [](const std::string& text, std::size_t bytes_max) {
        AudienceCase given(text);
        given.send_all_to_one_gateway();
        given.options.sort_bytes_max = bytes_max;
        return given.read().cut([](Audience::Chunk&&) {});
    };
    const auto seal = seal_of(forwards, 1 << 24);
    CHECK(to_hex(seal.sha256) ==
          "a778ee05bacc1f65df0a4d112ea8cda2785e61083a7572c5cb61c92005053cf2");
    CHECK(seal_of(backwards, 1 << 24) == seal);
    CHECK(seal_of(backwards, 4'096) == seal);
}

TEST_CASE("progress is heard of while rows are read", "[files]") {
    std::string text = "appid,token\n";
    for (int i = 0; i < 140'000; ++i)
        text += std::to_string(i) + ",t" + std::to_string(i) + "\n";
    AudienceCase given(text);
    given.send_all_to_one_gateway();
    std::vector<std::uint64_t> heard;
    (void)Audience::read(given.options, given.routing, given.check_token,
                         [&heard](std::uint64_t rows) { heard.push_back(rows); });
    REQUIRE(heard.size() >= 3);
    CHECK(std::is_sorted(heard.begin(), heard.end()));
    CHECK(heard.back() == 140'000);
}

}  // namespace dispatcher
