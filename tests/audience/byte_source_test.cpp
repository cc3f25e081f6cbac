#include "audience/byte_source.h"

#include <random>

#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "packed.h"
#include "support/catch.h"
#include "temporary_directory.h"

namespace dispatcher {
namespace {

std::string read_all(const std::string& path, std::size_t step) {
    const auto source = open_byte_source(path);
    std::string all;
    std::string piece(step, '\0');
    while (const auto got = source->read(piece.data(), piece.size()))
        all.append(piece, 0, got);
    return all;
}

std::string error_of(const std::string& path) {
    try {
        (void)read_all(path, 1'000);
    } catch (const ConfigError& refused) {
        return refused.what();
    }
    return "";
}

std::string sample(std::size_t bytes) {
    std::mt19937 random(1);
    std::string text;
    while (text.size() < bytes)
        text += "device-" + std::to_string(random()) + ",some text that packs well\n";
    return text;
}

}  // namespace

TEST_CASE("plain, gzip and zstd files give the same bytes", "[files]") {
    const TemporaryDirectory dir;
    for (const std::size_t bytes : {0, 1, 5'000, 700'000}) {
        const auto text = sample(bytes);
        const auto plain = dir.write("a.csv", text);
        const auto gz = dir.write("a.csv.gz", gzip(text));
        const auto zst = dir.write("a.csv.zst", zstd(text));
        for (const std::size_t step : {13, 65'536, 1'000'000}) {
            CHECK(read_all(plain, step) == text);
            CHECK(read_all(gz, step) == text);
            CHECK(read_all(zst, step) == text);
        }
    }
}

TEST_CASE("archives of several members are read to the end", "[files]") {
    const TemporaryDirectory dir;
    const auto text = sample(100'000);
    CHECK(read_all(dir.write("a.gz", gzip(text) + gzip("") + gzip("tail")), 777) == text + "tail");
    CHECK(read_all(dir.write("a.zst", zstd(text) + zstd("") + zstd("tail")), 777) == text + "tail");
}

TEST_CASE("a truncated archive is found out wherever it was cut", "[files]") {
    const TemporaryDirectory dir;
    const auto text = sample(3'000);
    for (const bool is_gzip : {true, false}) {
        const auto packed = is_gzip ? gzip(text) : zstd(text);
        const std::string name = is_gzip ? "a.gz" : "a.zst";
        for (std::size_t size = 0; size < packed.size(); ++size) {
            const auto path = dir.write(name, packed.substr(0, size));
            const auto error = error_of(path);
            REQUIRE(error.find("ends early") != std::string::npos);
            REQUIRE(error.find(path) == 0);
        }
    }
}

TEST_CASE("what is not an archive, or is damaged, is refused by name", "[files]") {
    const TemporaryDirectory dir;
    const auto text = sample(50'000);
    CHECK(error_of(dir.write("plain.gz", text)) ==
          dir.path() + "/plain.gz: is not a gzip archive, or it is damaged");
    CHECK(error_of(dir.write("plain.zst", text)) ==
          dir.path() + "/plain.zst: is not a zstd archive, or it is damaged");
    CHECK(error_of(dir.write("tail.gz", gzip(text) + "tail")) ==
          dir.path() + "/tail.gz: is not a gzip archive, or it is damaged");
    auto packed = gzip(text);
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    CHECK(error_of(dir.write("bad.gz", packed)) ==
          dir.path() + "/bad.gz: is not a gzip archive, or it is damaged");
    packed = zstd(text);
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    CHECK(error_of(dir.write("bad.zst", packed)) ==
          dir.path() + "/bad.zst: is not a zstd archive, or it is damaged");
}

TEST_CASE("a zstd window beyond the memory bound is refused with the cure", "[files]") {
    const TemporaryDirectory dir;
    const auto error = error_of(dir.write("wide.zst", zstd(sample(40'000'000), 27)));
    CHECK(error.find("window of more than 16 MiB; pack it again with `zstd -19` or less") !=
          std::string::npos);
}

TEST_CASE("directories and missing files are refused by name", "[files]") {
    const TemporaryDirectory dir;
    CHECK(error_of(dir.path()) ==
          dir.path() + ": is a directory; give a .csv or .ndjson file (or .gz, .zst)");
    CHECK(error_of(dir.path() + "/none.csv") ==
          dir.path() + "/none.csv: cannot be opened: No such file or directory");
}

TEST_CASE("the unpacked size is told beforehand, roughly for archives", "[files]") {
    const TemporaryDirectory dir;
    const auto text = sample(3'000'000);
    CHECK(open_byte_source(dir.write("a.csv", text))->expected_bytes() == text.size());
    for (const auto& path : {dir.write("a.gz", gzip(text)), dir.write("a.zst", zstd(text))}) {
        const auto source = open_byte_source(path);
        std::string piece(100'000, '\0');
        CHECK_FALSE(source->expected_bytes().has_value());
        (void)source->read(piece.data(), piece.size());
        const auto expected = source->expected_bytes();
        REQUIRE(expected.has_value());
        while (source->read(piece.data(), piece.size()) > 0) {
        }
        CHECK(source->expected_bytes() == text.size());
    }
}

}  // namespace dispatcher
