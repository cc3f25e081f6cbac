#include "gateway/http2/tls_context.h"

#include <ctime>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::http2 {
namespace {

/// As TLS wants them: each name after its length, the best first.
constexpr std::string_view kAlpnHttp2 = "\2h2";
constexpr std::string_view kAlpnHttp1 = "\10http/1.1";
constexpr std::string_view kAlpnAny = "\2h2\10http/1.1";

std::string_view alpn_of(Protocols protocols) {
    switch (protocols) {
        case Protocols::http1:
            return kAlpnHttp1;
        case Protocols::any:
            return kAlpnAny;
        case Protocols::http2:
            break;
    }
    return kAlpnHttp2;
}

/// RFC 9113 §9.2.2 forbids the others with TLS 1.2.
constexpr char kTls12Ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// One read() fetches several records.
constexpr std::size_t kReadAheadBytes = 65'536;

/// No prompt: a dispatcher has nobody to ask.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

TlsContext::TlsContext(const CredentialFile& ca_file, Protocols protocols, const Identity& identity,
                       WallTime now)
    : context_(SSL_CTX_new(TLS_client_method())) {
    invariant(context_ != nullptr, "OpenSSL gives a TLS context");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context_.get(), kTls12Ciphers);
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const auto alpn = alpn_of(protocols);
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    SSL_CTX_set_mode(context_.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context_.get(), 1);
    SSL_CTX_set_default_read_buffer_len(context_.get(), kReadAheadBytes);

    if (!ca_file.path.empty()) ca_file.require_readable();
    const bool is_loaded =
        ca_file.path.empty() ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                             : SSL_CTX_load_verify_file(context_.get(), ca_file.path.c_str()) == 1;
    ERR_clear_error();
    if (!is_loaded)
        throw ConfigError(ca_file.where,
                          "this file holds no readable PEM certificate; ca_file must name the "
                          "authority that signed the gateway's certificate");
    if (!identity.certificate_file.path.empty()) take_identity(identity, now);
}

void TlsContext::take_identity(const Identity& identity, WallTime now) {
    const auto& [certificate_file, key_file] = identity;
    auto* const context = context_.get();
    certificate_file.require_readable();
    key_file.require_readable();
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    const bool has_certificate =
        SSL_CTX_use_certificate_chain_file(context, certificate_file.path.c_str()) == 1;
    ERR_clear_error();
    if (!has_certificate)
        throw ConfigError(certificate_file.where, "this file holds no readable PEM certificate");
    const auto* certificate = SSL_CTX_get0_certificate(context);
    const bool has_key =
        SSL_CTX_use_PrivateKey_file(context, key_file.path.c_str(), SSL_FILETYPE_PEM) == 1;
    const auto error = ERR_peek_last_error();
    ERR_clear_error();
    if ((!has_key && ERR_GET_LIB(error) == ERR_LIB_X509) ||
        (has_key && SSL_CTX_check_private_key(context) != 1))
        throw ConfigError(
            key_file.where,
            "this private key does not belong to the certificate in " + certificate_file.path);
    if (!has_key)
        throw ConfigError(key_file.where,
                          "this file holds no readable PEM private key without a passphrase");
    auto seconds = static_cast<std::time_t>(
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
    if (X509_cmp_time(X509_get0_notAfter(certificate), &seconds) < 0)
        throw ConfigError(certificate_file.where, "this certificate has expired: get a new one");
    if (X509_cmp_time(X509_get0_notBefore(certificate), &seconds) > 0)
        throw ConfigError(certificate_file.where,
                          "this certificate is not valid yet: check this machine's clock");
}

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

}  // namespace dispatcher::http2
