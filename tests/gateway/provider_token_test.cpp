#include "gateway/apns/provider_token.h"

#include <fstream>

#include <nlohmann/json.hpp>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "apns_rig.h"
#include "base/encoding.h"
#include "base/error.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

using std::chrono::minutes;

struct Signed {
    std::string text;       ///< what is signed
    std::string signature;  ///< r and s
    nlohmann::json header;
    nlohmann::json claims;
};

Signed take_apart(std::string_view authorization) {
    REQUIRE(authorization.starts_with("bearer "));
    const std::string token(authorization.substr(7));
    const auto first = token.find('.');
    const auto second = token.find('.', first + 1);
    REQUIRE(second != std::string::npos);
    Signed parts;
    parts.text = token.substr(0, second);
    parts.signature = from_base64url(token.substr(second + 1)).value();
    parts.header = nlohmann::json::parse(from_base64url(token.substr(0, first)).value());
    parts.claims =
        nlohmann::json::parse(from_base64url(token.substr(first + 1, second - first - 1)).value());
    return parts;
}

bool is_signed_by(const Signed& parts, EVP_PKEY* key) {
    REQUIRE(parts.signature.size() == 64);
    const auto* bytes = reinterpret_cast<const unsigned char*>(parts.signature.data());
    ECDSA_SIG* pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair, &der);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
    const int result = EVP_DigestVerify(context, der, static_cast<std::size_t>(size),
                                        reinterpret_cast<const unsigned char*>(parts.text.data()),
                                        parts.text.size());
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return result == 1;
}

struct Issuer {
    TemporaryDirectory directory;
    SteppedClock clock;
    std::string path = directory.file("key.p8");
    EVP_PKEY* key = write_signing_key(path);
    apns::ProviderToken token{path, "ABC123DEFG", "DEF123GHIJ", clock};

    ~Issuer() { EVP_PKEY_free(key); }
    std::string text() { return std::string(token.authorization(clock.now())); }
};

}  // namespace

TEST_CASE("a provider token says who we are and since when, signed with ES256", "[unit][gateway]") {
    Issuer issuer;
    // A number of the signature may begin with zeros; enough tries to meet one.
    for (int i = 0; i < 300; ++i) {
        issuer.clock.advance(minutes(51));
        const auto parts = take_apart(issuer.text());
        CHECK(parts.header == nlohmann::json{{"alg", "ES256"}, {"kid", "ABC123DEFG"}});
        const auto now = std::chrono::floor<std::chrono::seconds>(issuer.clock.wall());
        CHECK(parts.claims.at("iss") == "DEF123GHIJ");
        CHECK(now.time_since_epoch().count() - parts.claims.at("iat").get<std::int64_t>() <= 2);
        REQUIRE(is_signed_by(parts, issuer.key));
    }
}

TEST_CASE("a provider token is kept for 50 minutes and renewed early only after 20",
          "[unit][gateway]") {
    Issuer issuer;
    const auto first = issuer.text();
    issuer.clock.advance(minutes(49));
    CHECK(issuer.text() == first);
    CHECK(issuer.token.generation() == 1);
    issuer.clock.advance(minutes(2));
    const auto second = issuer.text();
    CHECK(second != first);
    CHECK(issuer.token.generation() == 2);
    issuer.clock.advance(minutes(19));
    CHECK_FALSE(issuer.token.renew_early(issuer.clock.now()));
    CHECK(issuer.text() == second);
    issuer.clock.advance(minutes(2));
    CHECK(issuer.token.renew_early(issuer.clock.now()));
    CHECK(issuer.text() != second);
}

TEST_CASE("a renewal that the gateway refuses is taken back while the old token is good",
          "[unit][gateway]") {
    Issuer issuer;
    const auto first = issuer.text();
    issuer.clock.advance(minutes(30));
    REQUIRE(issuer.token.renew_early(issuer.clock.now()));
    const auto second = issuer.text();
    issuer.token.take_back_renewal(issuer.clock.now());
    CHECK(issuer.text() == first);
    issuer.token.take_back_renewal(issuer.clock.now());
    CHECK(issuer.text() == first);
    issuer.clock.advance(minutes(21));  // now it is 51 minutes old
    CHECK(issuer.text() != first);
    CHECK(issuer.text() != second);
}

TEST_CASE("a key file that is no P-256 key is refused with a word on what it should be",
          "[unit][gateway]") {
    TemporaryDirectory directory;
    SteppedClock clock;
    const auto open = [&](const std::string& path) {
        apns::ProviderToken token(path, "ABC123DEFG", "DEF123GHIJ", clock);
    };
    CHECK_THROWS_AS(open(directory.file("missing.p8")), ConfigError);
    std::ofstream(directory.file("text.p8")) << "not a key\n";
    CHECK_THROWS_AS(open(directory.file("text.p8")), ConfigError);
    EVP_PKEY* wrong = EVP_EC_gen("P-384");
    std::FILE* file = std::fopen(directory.file("wrong.p8").c_str(), "w");
    REQUIRE(file != nullptr);
    PEM_write_PKCS8PrivateKey(file, wrong, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    EVP_PKEY_free(wrong);
    CHECK_THROWS_AS(open(directory.file("wrong.p8")), ConfigError);
}

}  // namespace dispatcher::test
