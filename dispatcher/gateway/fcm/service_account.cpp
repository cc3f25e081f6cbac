#include "gateway/fcm/service_account.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <vector>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"
#include "base/error.h"
#include "base/host_name.h"
#include "base/invariant.h"

namespace dispatcher::fcm {
namespace {

using nlohmann::json;

constexpr std::string_view kScope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr std::chrono::hours kAssertionLife{1};
constexpr std::size_t kFileBytesMax = 65'536;
constexpr std::string_view kWhere =
    "; in the Firebase console: Project settings, Service accounts, Generate new private key";

std::string base64url(std::string_view text) {
    return to_base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

json read_json(const CredentialFile& file) {
    file.require_readable();
    std::ifstream stream(file.path, std::ios::binary);
    std::string text(kFileBytesMax, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    auto account = json::parse(text, nullptr, false);
    if (!account.is_object())
        throw ConfigError(file.where, "this is no service account file: it holds no JSON object" +
                                          std::string(kWhere));
    if (account.contains("project_info"))
        throw ConfigError(file.where,
                          "this is the app's google-services.json; service_account is the file of "
                          "a service account" +
                              std::string(kWhere));
    return account;
}

std::string text_of(const json& account, const char* name, const CredentialFile& file) {
    const auto found = account.find(name);
    if (found == account.end() || !found->is_string() || found->get<std::string>().empty())
        throw ConfigError(file.where, "this is no service account file: `" + std::string(name) +
                                          "` is missing" + std::string(kWhere));
    return found->get<std::string>();
}

/// No prompt for a passphrase: a dispatcher has nobody to ask.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

std::shared_ptr<EVP_PKEY> read_key(const std::string& pem, const CredentialFile& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    std::shared_ptr<EVP_PKEY> key(
        in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr,
        EVP_PKEY_free);
    ERR_clear_error();
    if (!key || EVP_PKEY_is_a(key.get(), "RSA") != 1)
        throw ConfigError(file.where,
                          "its `private_key` is no RSA key in PEM form: the file is damaged" +
                              std::string(kWhere));
    return key;
}

/// The assertion goes there, with which anybody could push for an hour: over TLS, or no further
/// than this machine.
bool is_token_uri(std::string_view uri) {
    const bool is_tls = uri.starts_with("https://");
    if (!is_tls && !uri.starts_with("http://")) return false;
    uri.remove_prefix(is_tls ? 8 : 7);
    const auto authority = parse_authority(uri.substr(0, uri.find('/')));
    if (!authority) return false;
    const auto host = authority->host;
    const bool is_here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    return (is_tls || is_here) &&
           std::all_of(uri.begin(), uri.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// As it stands in a URL's path.
bool is_project(const std::string& text) {
    return text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == '-' || c == '.' || c == ':' || c == '_';
           });
}

}  // namespace

ServiceAccount ServiceAccount::read(const CredentialFile& file) {
    const auto account = read_json(file);
    ServiceAccount result;
    if (const auto type = text_of(account, "type", file); type != "service_account")
        throw ConfigError(file.where, "this is no service account file: its `type` is \"" + type +
                                          "\"" + std::string(kWhere));
    result.project_ = text_of(account, "project_id", file);
    result.client_email_ = text_of(account, "client_email", file);
    result.token_uri_ = text_of(account, "token_uri", file);
    result.key_ = read_key(text_of(account, "private_key", file), file);
    result.key_id_ = account.value("private_key_id", json()).is_string()
                         ? account["private_key_id"].get<std::string>()
                         : std::string();
    if (!is_project(result.project_))
        throw ConfigError(file.where,
                          "its `project_id` \"" + result.project_ + "\" is no project id");
    if (!is_token_uri(result.token_uri_))
        throw ConfigError(file.where,
                          "its `token_uri` is no https URL, such as "
                          "https://oauth2.googleapis.com/token" +
                              std::string(kWhere));
    return result;
}

std::string ServiceAccount::identity() const {
    return client_email_ + "\n" + key_id_ + "\n" + token_uri_ + "\n" + project_;
}

std::string ServiceAccount::make_assertion(WallTime now) const {
    const auto issued_at = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    json head{{"alg", "RS256"}, {"typ", "JWT"}};
    if (!key_id_.empty()) head["kid"] = key_id_;
    const json claims{{"iss", client_email_},
                      {"scope", kScope},
                      {"aud", token_uri_},
                      {"iat", issued_at},
                      {"exp", issued_at + std::chrono::seconds(kAssertionLife).count()}};
    auto text = base64url(head.dump()) + "." + base64url(claims.dump());

    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    invariant(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                  EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1,
              "an RSA key can sign");
    std::vector<std::uint8_t> signature(size);
    invariant(EVP_DigestSign(context.get(), signature.data(), &size, bytes, text.size()) == 1,
              "an RSA key can sign");
    signature.resize(size);
    return text + "." + to_base64url(signature);
}

}  // namespace dispatcher::fcm
