#include "gateway/http1/response_reader.h"

#include <vector>

#include "support/catch.h"

// HTTP/1.1 responses out of bytes, in any pieces.

namespace dispatcher::test {
namespace {

using http1::ResponseReader;

/// What a reader knows after `bytes`, given at once or one by one.
struct Read {
    ResponseReader reader;
    std::size_t beyond = 0;
};

Read read(std::string_view bytes, bool one_by_one = false) {
    Read result;
    if (!one_by_one) {
        result.beyond = result.reader.feed(bytes).size();
        return result;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i)
        result.beyond += result.reader.feed(bytes.substr(i, 1)).size();
    return result;
}

}  // namespace

TEST_CASE("a response ends where its length, its chunks or its status say", "[unit][gateway]") {
    const bool one_by_one = GENERATE(false, true);
    const auto text =
        GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                 "HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello",
                 "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                 "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                 "content-length: 5\r\n\r\nhello");
    INFO(text);
    const auto [reader, beyond] = read(text + "HTTP", one_by_one);
    CHECK(reader.status() == 200);
    CHECK(reader.is_complete());
    CHECK(reader.keeps_connection());
    CHECK(reader.body() == "hello");
    CHECK(reader.body_bytes() == 5);
    CHECK(beyond == 4);
}

TEST_CASE("some statuses have no body, and some bodies end with the connection",
          "[unit][gateway]") {
    const auto none = read("HTTP/1.1 204 No Content\r\n\r\nHTTP");
    CHECK(none.reader.is_complete());
    CHECK(none.beyond == 4);
    auto endless = read("HTTP/1.1 503 Busy\r\n\r\nlong").reader;
    CHECK_FALSE(endless.is_complete());
    CHECK(endless.status() == 503);
    endless.finish();
    CHECK(endless.is_complete());
    CHECK_FALSE(endless.keeps_connection());
    auto cut = read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").reader;
    cut.finish();
    CHECK_FALSE(cut.is_complete());
    CHECK(cut.status() == 200);
}

TEST_CASE("the status stands as soon as its line is whole", "[unit][gateway]") {
    CHECK(read("HTTP/1.1 200 OK").reader.status() == 0);
    CHECK(read("HTTP/1.1 200 OK\r\n").reader.status() == 200);
    CHECK(read("HTTP/1.1 429 X\r\nretry-af").reader.status() == 429);
    const auto interim = read("HTTP/1.1 102 Processing\r\n\r\n").reader;
    CHECK(interim.status() == 0);
    CHECK(interim.has_begun());
    CHECK(read("HTTP/1.1 429 X\r\nRetry-After:  7 \r\n\r\n").reader.retry_after() == "7");
}

TEST_CASE("the connection is kept only where both sides are sure", "[unit][gateway]") {
    const auto keeps = [](const std::string& fields) {
        return read("HTTP/1.1 200 OK\r\n" + fields + "\r\n").reader.keeps_connection();
    };
    CHECK(keeps("content-length: 0\r\n"));
    CHECK_FALSE(keeps("content-length: 0\r\nConnection: keep-alive, Close\r\n"));
    CHECK_FALSE(keeps("content-length: 0\r\ntransfer-encoding: chunked\r\n"));
    CHECK_FALSE(keeps("transfer-encoding: gzip, chunked\r\n"));
    CHECK_FALSE(read("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").reader.keeps_connection());
    const auto kept = read(
        "HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=5\r\n"
        "content-length: 0\r\n\r\n");
    CHECK(kept.reader.kept_for() == std::chrono::seconds(5));
}

TEST_CASE("what is no HTTP/1.1 is told apart", "[unit][gateway]") {
    const auto text = GENERATE(
        as<std::string>{}, "SSH-2.0-x\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 X\r\n", "HTTP/1.1 101 Switching\r\n", "HTTP/1.1  200 OK\r\n", "\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\r\nname : x\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n");
    INFO(text);
    CHECK(read(text).reader.is_broken());
    CHECK(read(text, true).reader.is_broken());
}

TEST_CASE("neither heads nor bodies are taken without a bound", "[unit][gateway]") {
    CHECK(read("HTTP/1.1 200 OK\r\nx: " + std::string(ResponseReader::kLineMax, 'x'))
              .reader.is_broken());
    std::string many = "HTTP/1.1 200 OK\r\n";
    while (many.size() <= ResponseReader::kHeadMax)
        many += "name: value\r\n";
    CHECK(read(many).reader.is_broken());
    std::string interim;
    while (interim.size() <= ResponseReader::kHeadMax)
        interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
    CHECK(read(interim).reader.is_broken());
    const auto endless =
        read("HTTP/1.1 500 X\r\n\r\n" + std::string(ResponseReader::kBodyMax + 1, 'x')).reader;
    CHECK(endless.is_complete());
    CHECK_FALSE(endless.keeps_connection());
    CHECK(endless.body().size() == ResponseReader::kBodyKept);
}

TEST_CASE("any bytes in any pieces give the same answer and no crash", "[unit][gateway]") {
    const std::vector<std::string> seeds{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n\r\n"
        "a\r\n0123456789\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 3\r\n"
        "Content-Length: 4\r\nConnection: close\r\n\r\nbody"};
    std::uint64_t state = 0x9E3779B97F4A7C15;
    const auto next = [&] {
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
    };
    constexpr std::string_view kBytes = "\r\n: ;,0159afHTP/.\0\xff";
    for (int round = 0; round < 20'000; ++round) {
        auto text = seeds[next() % seeds.size()];
        for (auto changes = next() % 6; changes > 0; --changes) {
            const auto at = next() % text.size();
            if (next() % 3 == 0)
                text.erase(at, next() % 4);
            else
                text.insert(at, 1, kBytes[next() % kBytes.size()]);
            if (text.empty()) text = "H";
        }
        const auto whole = read(text);
        const auto pieces = read(text, true);
        INFO(text);
        REQUIRE(whole.reader.status() == pieces.reader.status());
        REQUIRE(whole.reader.is_complete() == pieces.reader.is_complete());
        REQUIRE(whole.reader.is_broken() == pieces.reader.is_broken());
        REQUIRE(whole.reader.body() == pieces.reader.body());
        REQUIRE(whole.reader.keeps_connection() == pieces.reader.keeps_connection());
    }
}

}  // namespace dispatcher::test
