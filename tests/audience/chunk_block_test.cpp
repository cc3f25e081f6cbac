#include "audience/chunk_block.h"

#include <random>
#include <stdexcept>

#include "base/encoding.h"
#include "support/catch.h"

namespace dispatcher {
namespace {

using Values = std::vector<std::string_view>;

ChunkWriter::Blocks make_blocks(std::size_t rows) {
    ChunkWriter writer;
    for (std::size_t i = 0; i < rows; ++i) {
        const auto number = std::to_string(i);
        const std::string token(64, static_cast<char>('a' + i % 26));
        writer.add("device-" + number, {token, "ios", "", number});
    }
    return writer.finish();
}

/// Decodes both blocks and touches every value; whether they were accepted.
bool is_accepted(std::string_view keys, std::string_view data) {
    try {
        std::size_t bytes = 0;
        const auto appids = read_chunk_keys(keys);
        for (std::size_t i = 0; i < appids.size(); ++i)
            bytes += appids[i].size();
        const ChunkData chunk(data);
        Values values;
        for (std::size_t i = 0; i < chunk.rows(); ++i) {
            chunk.row(i, values);
            for (const auto value : values)
                bytes += value.empty() ? 0 : static_cast<unsigned char>(value.back());
        }
        return bytes > 0;
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace

TEST_CASE("a chunk gives back the appids and values that were added", "[unit]") {
    ChunkWriter writer;
    const std::string long_value(100'000, 'x');
    writer.add("a", {"t1", "ios", "de"});
    writer.add("b\xC3\xA9", {"", "", long_value});
    writer.add("c", {});
    writer.add("d", {"t4", "", ""});
    CHECK(writer.rows() == 4);
    const auto blocks = writer.finish();
    CHECK(writer.rows() == 0);

    const auto appids = read_chunk_keys(blocks.keys);
    REQUIRE(appids.size() == 4);
    CHECK(appids[1] == "b\xC3\xA9");
    CHECK(appids.back() == "d");
    const ChunkData data(blocks.data);
    REQUIRE(data.rows() == 4);
    Values values;
    data.row(0, values);
    CHECK(values == Values{"t1", "ios", "de"});
    data.row(1, values);
    CHECK(values == Values{"", "", long_value});
    data.row(2, values);
    CHECK(values.empty());
    data.row(3, values);
    CHECK(values == Values{"t4"});
}

TEST_CASE("a chunk's hash is pinned: it is part of the format", "[unit]") {
    const auto blocks = make_blocks(100);
    CHECK(to_hex(blocks.sha256) ==
          "0791158897a924259a5c1c46b3d46b5c9277f458cf731d33059a73f3b4dd0157");
    CHECK(chunk_sha256(blocks.keys, blocks.data) == blocks.sha256);
    ChunkWriter empty;
    CHECK(to_hex(empty.finish().sha256) ==
          "130439af4fe5c38561cb05e9edbc56fe008228fd2b0f9b8273bea2e7e4b62405");
}

TEST_CASE("a chunk's hash depends on every appid and value", "[unit]") {
    const auto hash = [](std::string_view appid, const Values& values) {
        ChunkWriter writer;
        writer.add(appid, values);
        return writer.finish().sha256;
    };
    const auto base = hash("a", {"bc", "d"});
    CHECK(hash("a", {"bc", "d", "", ""}) == base);
    CHECK(hash("a", {"b", "cd"}) != base);
    CHECK(hash("a", {"bcd"}) != base);
    CHECK(hash("ab", {"c", "d"}) != base);
    CHECK(hash("a", {"", "bc", "d"}) != base);
}

TEST_CASE("values that are encoded already give the same chunk", "[unit]") {
    ChunkWriter plain;
    plain.add("a", {"t1", "ios"});
    ChunkWriter encoded;
    encoded.add_encoded("a", std::string_view("\2t1\3ios", 7));
    CHECK(plain.finish().sha256 == encoded.finish().sha256);
}

TEST_CASE("a chunk is full by rows or by bytes", "[unit]") {
    ChunkWriter writer;
    for (std::size_t i = 0; i < kChunkRows; ++i) {
        REQUIRE_FALSE(writer.is_full());
        writer.add("a", {});
    }
    CHECK(writer.is_full());
    const auto full = writer.finish();
    CHECK(ChunkData(full.data).rows() == kChunkRows);
    const std::string wide(kChunkDataBytes / 2, 'x');
    writer.add("a", {wide});
    CHECK_FALSE(writer.is_full());
    writer.add("b", {wide});
    CHECK(writer.is_full());
}

TEST_CASE("a damaged block is refused, never misread or overrun", "[unit]") {
    const auto blocks = make_blocks(500);
    REQUIRE(is_accepted(blocks.keys, blocks.data));
    std::mt19937 random(7);
    for (int round = 0; round < 3'000; ++round) {
        auto keys = blocks.keys;
        auto data = blocks.data;
        auto& victim = round % 2 == 0 ? keys : data;
        const auto at = random() % victim.size();
        if (round % 3 == 0)
            victim.resize(at);
        else
            victim[at] = static_cast<char>(victim[at] ^ (1 + random() % 255));
        // zstd's last block flag and unused bits may change without an effect; values may not.
        if (is_accepted(keys, data)) CHECK(chunk_sha256(keys, data) == blocks.sha256);
    }
}

TEST_CASE("well packed nonsense is refused", "[unit]") {
    // The frame is made by the writer, so that zstd's own checksum is right and only our reading
    // can object: values that are themselves a forged block of rows.
    const auto forge = [](std::string_view values) {
        ChunkWriter writer;
        writer.add_encoded("a", values);
        return writer.finish().data;
    };
    using namespace std::string_view_literals;
    CHECK_NOTHROW(ChunkData(forge("\1x"sv)));
    CHECK_THROWS_AS(ChunkData(forge("\2x"sv)), std::runtime_error);      // ends early
    CHECK_THROWS_AS(ChunkData(forge("\1x\0"sv)), std::runtime_error);    // empty at the end
    CHECK_THROWS_AS(ChunkData(forge("\x81\0x"sv)), std::runtime_error);  // length too long
    CHECK_THROWS_AS(ChunkData(forge("\xff\xff\xff\xff\xff"sv)), std::runtime_error);
    CHECK_THROWS_AS(ChunkData(forge("\xff\xff\xff\xff\x0f"sv)), std::runtime_error);
    CHECK_THROWS_AS(ChunkData("not zstd"), std::runtime_error);
    CHECK_THROWS_AS(ChunkData(""), std::runtime_error);
    CHECK_THROWS_AS(read_chunk_keys(forge("\1x"sv)), std::runtime_error);
}

TEST_CASE("random bytes inside a sound frame never overrun", "[unit]") {
    std::mt19937 random(11);
    std::size_t refused = 0;
    for (int round = 0; round < 3'000; ++round) {
        std::string values(random() % 40, '\0');
        for (auto& byte : values)
            byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 6);
        ChunkWriter writer;
        writer.add_encoded("a", values);
        const auto block = writer.finish().data;
        if (!is_accepted(block, block)) ++refused;
    }
    CHECK(refused > 1'000);
}

TEST_CASE("a chunk whose data was dropped is checked by the hash that stays", "[unit]") {
    const auto blocks = make_blocks(100);
    const auto data = chunk_data_sha256(blocks.data);
    CHECK(chunk_sha256(blocks.keys, data) == blocks.sha256);
    CHECK(chunk_sha256(make_blocks(99).keys, data) != blocks.sha256);
    CHECK(chunk_sha256(blocks.keys, Sha256::of("other")) != blocks.sha256);
}

TEST_CASE("a chunk that nobody is left in can be written and read", "[unit]") {
    ChunkWriter writer;
    const auto blocks = writer.finish();
    CHECK(read_chunk_keys(blocks.keys).empty());
    CHECK(ChunkData(blocks.data).rows() == 0);
    CHECK(chunk_sha256(blocks.keys, blocks.data) == blocks.sha256);
}

TEST_CASE("whether a block can be unpacked is told without an error", "[unit]") {
    const auto blocks = make_blocks(100);
    CHECK(is_chunk_block(blocks.data));
    CHECK_FALSE(is_chunk_block(blocks.data.substr(0, blocks.data.size() / 2)));
    CHECK_FALSE(is_chunk_block("\x28\xB5\x2F\xFD"));
    CHECK_FALSE(is_chunk_block(""));
}

}  // namespace dispatcher
