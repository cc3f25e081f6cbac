#include "gateway/webpush/message_seal.h"

#include <set>

#include "apns_rig.h"
#include "base/encoding.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

// RFC 8291 §5, Appendix A.
constexpr std::string_view kPublicKey =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
constexpr std::string_view kAuth = "BTBZMqHH6r4Tts7J_aSIgg";
constexpr std::string_view kPrivateKey = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
constexpr std::string_view kSaltText = "DGv6ra1nlYgDCS1FRnbzlw";
constexpr std::string_view kPayload = "When I grow up, I want to be a watermelon";
constexpr std::string_view kBody =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
    "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
    "y4a-fN";

template <std::size_t kSize>
std::array<std::uint8_t, kSize> bytes_of(std::string_view base64url) {
    const auto text = from_base64url(base64url).value();
    REQUIRE(text.size() == kSize);
    std::array<std::uint8_t, kSize> bytes{};
    std::copy(text.begin(), text.end(), bytes.begin());
    return bytes;
}

webpush::SubscriptionKeys keys_of_the_rfc() {
    return {bytes_of<webpush::kPointBytes>(kPublicKey), bytes_of<webpush::kAuthBytes>(kAuth)};
}

std::string base64url(const std::string& bytes) {
    return to_base64url({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("the example of RFC 8291 is encrypted byte for byte", "[unit][gateway][webpush]") {
    webpush::MessageSeal seal;
    REQUIRE(seal.address(keys_of_the_rfc()));
    const webpush::MessageSecrets secrets{bytes_of<webpush::kSalt>(kSaltText),
                                          bytes_of<webpush::kScalar>(kPrivateKey)};
    std::string body = "something longer than what was there before, and so on and so on";
    for (int again = 0; again < 3; ++again) {
        seal.seal_with(secrets, kPayload, body);
        CHECK(base64url(body) == kBody);
    }
}

TEST_CASE("every message has a key pair and a salt of its own", "[unit][gateway][webpush]") {
    webpush::MessageSeal seal;
    REQUIRE(seal.address(keys_of_the_rfc()));
    SystemRandom random;
    std::set<std::string> salts;
    std::set<std::string> points;
    std::string body;
    for (int i = 0; i < 200; ++i) {
        seal.seal(kPayload, random, body);
        CHECK(body.size() == kPayload.size() + webpush::kBodyBytesMore);
        salts.insert(body.substr(0, webpush::kSalt));
        points.insert(
            body.substr(webpush::kHeaderBytes - webpush::kPointBytes, webpush::kPointBytes));
    }
    CHECK(salts.size() == 200);
    CHECK(points.size() == 200);
}

TEST_CASE("the largest payload makes the largest body that every push service takes",
          "[unit][gateway][webpush]") {
    webpush::MessageSeal seal;
    REQUIRE(seal.address(keys_of_the_rfc()));
    SystemRandom random;
    std::string body;
    seal.seal(std::string(webpush::kPayloadBytesMax, 'x'), random, body);
    CHECK(body.size() == 4096);
    seal.seal("", random, body);
    CHECK(body.size() == webpush::kBodyBytesMore);
}

TEST_CASE("a public key that is no point of P-256 is addressed to nobody",
          "[unit][gateway][webpush]") {
    webpush::MessageSeal seal;
    auto keys = keys_of_the_rfc();
    CHECK(webpush::is_p256_point(keys.p256dh));
    keys.p256dh[40] ^= 1;
    CHECK_FALSE(seal.address(keys));
    CHECK_FALSE(webpush::is_p256_point(keys.p256dh));
    keys.p256dh.fill(0);
    CHECK_FALSE(seal.address(keys));
    keys.p256dh.fill(0xFF);
    keys.p256dh[0] = 4;
    CHECK_FALSE(seal.address(keys));
    CHECK(seal.address(keys_of_the_rfc()));
}

}  // namespace dispatcher::test
