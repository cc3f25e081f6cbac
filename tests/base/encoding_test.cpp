#include "base/encoding.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "support/catch.h"

using namespace dispatcher;
using namespace std::string_literals;

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string escaped(std::string_view text) {
    std::string out = "<";
    append_json_escaped(out, text);
    return out + ">";
}

}  // namespace

TEST_CASE("hexadecimal is lower case and keeps leading zeros", "[unit]") {
    CHECK(to_hex(bytes_of(""s)).empty());
    CHECK(to_hex(bytes_of("\x00\x0f\xa0\xff"s)) == "000fa0ff");
}

TEST_CASE("base64url agrees with the vectors of RFC 4648 without padding", "[unit]") {
    const std::array<std::pair<std::string, std::string>, 8> vectors = {{{"", ""},
                                                                         {"f", "Zg"},
                                                                         {"fo", "Zm8"},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg"},
                                                                         {"fooba", "Zm9vYmE"},
                                                                         {"foobar", "Zm9vYmFy"},
                                                                         {"\xfb\xff\xbf", "-_-_"}}};
    for (const auto& [plain, encoded] : vectors) {
        CHECK(to_base64url(bytes_of(plain)) == encoded);
        CHECK(from_base64url(encoded) == plain);
    }
}

TEST_CASE("base64url of another alphabet or length is refused", "[unit]") {
    for (const auto* text : {"Zg==", "Zm9v+", "Zm9v/A", "Z", "Zm9vY", "Zm 9v", "\xc3\xa4"})
        CHECK_FALSE(from_base64url(text).has_value());
}

TEST_CASE("valid UTF-8 is told from bytes that only look like it", "[unit]") {
    for (const auto& good : {""s, "plain"s, "\0"s, "\x7f"s, "Jörg"s, "€"s, "😀"s, "\xed\x9f\xbf"s,
                             "\xee\x80\x80"s, "\xf4\x8f\xbf\xbf"s})
        CHECK(is_utf8(good));
    for (const auto& bad :
         {"\x80"s, "\xc3"s, "\xc0\xaf"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s,
          "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xe2\x82"s, "a\xff"s,
          "\xe2\x28\xa1"s, "\xf0\x9f\x98"s})
        CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("text is escaped for JSON as RFC 8259 wants it", "[unit]") {
    CHECK(escaped("") == "<>");
    CHECK(escaped("a\"b\\c/d") == "<a\\\"b\\\\c/d>");
    CHECK(escaped("\n\r\t") == "<\\n\\r\\t>");
    CHECK(escaped("\0\x01\x08\x1f\x7f"s) == "<\\u0000\\u0001\\u0008\\u001f\x7f>");
    CHECK(escaped("Jörg 😀") == "<Jörg 😀>");
}
