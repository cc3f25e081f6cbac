#include "gateway/http2/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::http2 {
namespace {

constexpr unsigned char kAlpn[] = {2, 'h', '2'};

/// RFC 9113 §9.2.2 forbids the others with TLS 1.2.
constexpr char kTls12Ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// One read() fetches several records.
constexpr std::size_t kReadAheadBytes = 65'536;

}  // namespace

TlsContext::TlsContext(const std::string& ca_file) : context_(SSL_CTX_new(TLS_client_method())) {
    invariant(context_ != nullptr, "OpenSSL gives a TLS context");
    SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context_, kTls12Ciphers);
    SSL_CTX_set_options(context_, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_alpn_protos(context_, kAlpn, sizeof kAlpn);
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_default_read_buffer_len(context_, kReadAheadBytes);

    const bool is_loaded = ca_file.empty()
                               ? SSL_CTX_set_default_verify_paths(context_) == 1
                               : SSL_CTX_load_verify_file(context_, ca_file.c_str()) == 1;
    if (is_loaded) return;
    ERR_clear_error();
    SSL_CTX_free(context_);
    throw ConfigError(ca_file,
                      "this file holds no readable PEM certificate; ca_file must name the "
                      "authority that signed the gateway's certificate");
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

}  // namespace dispatcher::http2
