#include "gateway/fcm/service_account.h"

#include <fstream>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"
#include "fcm_rig.h"
#include "gateway/fcm/token_endpoint.h"
#include "mockgateway/fcm/service_account_file.h"
#include "support/catch.h"

namespace dispatcher::test {
namespace {

using fcm::ServiceAccount;
using fcm::TokenAnswer;
using nlohmann::json;

struct Scene {
    TemporaryDirectory directory;
    std::string file = directory.file("account.json");
    json account;

    explicit Scene(const std::string& token_uri = "https://oauth2.googleapis.com/token") {
        mock::write_service_account(file, token_uri);
        account = json::parse(std::ifstream(file));
    }
    /// What is said of the file when it holds this.
    [[nodiscard]] std::string complaint(const std::string& text) const {
        std::ofstream(file) << text;
        try {
            (void)ServiceAccount::read(file);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "nothing";
    }
    [[nodiscard]] std::string complaint_without(const char* name) const {
        auto changed = account;
        changed.erase(name);
        return complaint(changed.dump());
    }
};

void check_has(const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
}

bool is_signed_by(const std::string& pem, const std::string& text, const std::string& signature) {
    BIO* const in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const bool fits =
        EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                         signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                         text.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(in);
    return fits;
}

}  // namespace

TEST_CASE("the assertion is what Google documents, signed with RS256", "[unit][gateway]") {
    const Scene scene;
    const auto assertion = ServiceAccount::read(scene.file)
                               .make_assertion(WallTime(std::chrono::seconds(1'900'000'000)));
    const auto first = assertion.find('.');
    const auto second = assertion.find('.', first + 1);
    CHECK(json::parse(*from_base64url(assertion.substr(0, first))) ==
          json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", scene.account["private_key_id"]}}));
    CHECK(json::parse(*from_base64url(assertion.substr(first + 1, second - first - 1))) ==
          json({{"iss", scene.account["client_email"]},
                {"scope", "https://www.googleapis.com/auth/firebase.messaging"},
                {"aud", "https://oauth2.googleapis.com/token"},
                {"iat", 1'900'000'000},
                {"exp", 1'900'003'600}}));
    const auto signature = *from_base64url(assertion.substr(second + 1));
    const std::string key = scene.account["private_key"];
    CHECK(is_signed_by(key, assertion.substr(0, second), signature));
    CHECK_FALSE(is_signed_by(key, assertion.substr(0, second - 1), signature));
}

TEST_CASE("a file that is no service account's is told in one sentence, without its key",
          "[unit][gateway]") {
    const Scene scene;
    CHECK(scene.complaint(scene.account.dump()) == "nothing");
    check_has(scene.complaint(""), "holds no JSON object");
    check_has(scene.complaint(R"({"project_info":{}})"), "google-services.json");
    check_has(scene.complaint(R"({"type":"authorized_user"})"), "\"authorized_user\"");
    for (const char* name : {"type", "project_id", "client_email", "token_uri", "private_key"})
        check_has(scene.complaint_without(name), "`" + std::string(name) + "` is missing");
    auto changed = scene.account;
    changed["private_key"] = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
    const auto damaged = scene.complaint(changed.dump());
    check_has(damaged, "`private_key` is no RSA key");
    CHECK(damaged.find("secret") == std::string::npos);
    changed = scene.account;
    changed["project_id"] = "a/b";
    check_has(scene.complaint(changed.dump()), "is no project id");
    CHECK_THROWS_AS(ServiceAccount::read(scene.file + "x"), ConfigError);
    for (const char* uri :
         {"http://oauth2.googleapis.com/token", "ftp://127.0.0.1/token", "https:///token",
          "https://a b/token", "https://a:/token", "https://[::1/token", "oauth2.googleapis.com"}) {
        changed = scene.account;
        changed["token_uri"] = uri;
        check_has(scene.complaint(changed.dump()), "`token_uri` is no https URL");
    }
    for (const char* uri : {"https://oauth2.googleapis.com/token", "https://a:8443",
                            "http://127.0.0.1:1/token", "http://localhost/t", "http://[::1]:80/"}) {
        changed["token_uri"] = uri;
        CHECK(scene.complaint(changed.dump()) == "nothing");
    }
}

TEST_CASE("each refusal of the token endpoint has its sentence", "[unit][gateway]") {
    const Scene scene;
    const auto account = ServiceAccount::read(scene.file);
    const WallTime now(std::chrono::seconds(1'900'000'000));  // Sat, 17 Mar 2030 17:46:40 GMT
    const std::string date = "Sun, 17 Mar 2030 17:46:40 GMT";
    struct Row {
        int status;
        std::string date;
        std::string body;
        TokenAnswer::Kind kind;
        std::string sentence;
    };
    const auto grant = [](const std::string& description) {
        return R"({"error":"invalid_grant","error_description":")" + description + "\"}";
    };
    using Kind = TokenAnswer::Kind;
    const std::vector<Row> rows{
        {200, date, R"({"access_token":"t","expires_in":3599})", Kind::granted, ""},
        {200, date, R"({"access_token":"t"})", Kind::unavailable, "without an access token"},
        {200, date, R"({"access_token":"a b","expires_in":1})", Kind::unavailable, "without"},
        {200, date, "<html>", Kind::unavailable, "without an access token"},
        {500, date, "", Kind::unavailable, "answers 500"},
        {503, date, "", Kind::unavailable, "answers 503"},
        {429, date, "", Kind::unavailable, "answers 429"},
        {400, date, grant("Invalid JWT Signature."), Kind::refused, "does not know this key"},
        {400, date, grant("Invalid grant: account not found"), Kind::refused,
         "does not exist any more"},
        {400, date, grant("Token must be … in a reasonable timeframe. Check your iat"),
         Kind::refused, "this machine's clock is wrong: set it (NTP)"},
        {400, "Sun, 17 Mar 2030 15:46:40 GMT", grant("x"), Kind::refused,
         "clock is wrong, 7200 s ahead of Google's"},
        {400, "Sun, 17 Mar 2030 18:46:40 GMT", grant("x"), Kind::refused,
         "clock is wrong, 3600 s behind Google's"},
        {400, date, grant("something new"), Kind::refused, "something new"},
        {401, date, R"({"error":"invalid_client"})", Kind::refused, "does not let"},
        {400, date, R"({"error":"invalid_scope","error_description":"d"})", Kind::refused,
         "400 invalid_scope: d"},
        {404, date, "<html>", Kind::refused, "as no token endpoint does"},
        {302, date, "", Kind::refused, "as no token endpoint does"},
    };
    for (const auto& row : rows) {
        INFO(row.status << " " << row.body);
        const auto answer = fcm::read_token_answer(row.status, row.date, row.body, account, now);
        CHECK(answer.kind == row.kind);
        check_has(answer.trouble, row.sentence);
    }
}

TEST_CASE("the mock gateway gives tokens for good assertions only", "[gateway]") {
    const MockFcm mock;
    const auto account = ServiceAccount::read(mock.account_file());
    const auto now = SystemClock().wall();
    const auto good = fcm::TokenEndpoint(account, "").ask(now);
    CHECK(good.kind == TokenAnswer::Kind::granted);
    CHECK(good.life == std::chrono::seconds(3599));

    const auto late = fcm::TokenEndpoint(account, "").ask(now - std::chrono::hours(3));
    CHECK(late.kind == TokenAnswer::Kind::refused);
    check_has(late.trouble, "this machine's clock is wrong");

    const Scene stranger(mock.endpoint() + "/token");
    const auto other = fcm::TokenEndpoint(ServiceAccount::read(stranger.file), "").ask(now);
    CHECK(other.kind == TokenAnswer::Kind::refused);
    check_has(other.trouble, "does not know this key");
}

TEST_CASE("a token endpoint that cannot be reached may be later; a stopped one is not asked",
          "[gateway]") {
    const Scene nowhere("http://127.0.0.1:1/token");
    fcm::TokenEndpoint endpoint(ServiceAccount::read(nowhere.file), "");
    const auto answer = endpoint.ask(SystemClock().wall());
    CHECK(answer.kind == TokenAnswer::Kind::unavailable);
    check_has(answer.trouble, "no connection to http://127.0.0.1:1");
    endpoint.stop();
    CHECK(endpoint.ask(SystemClock().wall()).trouble == "stopped");
}

}  // namespace dispatcher::test
