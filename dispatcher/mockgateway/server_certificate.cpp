#include "mockgateway/server_certificate.h"

#include <cstring>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::mock {
namespace {

constexpr long kDay = 24L * 60 * 60;
constexpr long kLifeDays = 3650;
constexpr int kReadBufferBytes = 64 * 1024;
constexpr int kSerialBytes = 16;
constexpr std::string_view kAlpn{"\x02h2\x08http/1.1", 12};
constexpr std::string_view kAlpnHttp1{"\x08http/1.1", 9};

template <auto Free>
struct Release {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;

struct Made {
    Key key;
    Certificate certificate;
};

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    invariant(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1,
              "a certificate takes its extensions");
    X509_EXTENSION_free(extension);
}

/// A key and a certificate for it, without extensions, not yet signed.
Made start_certificate(const char* name) {
    Made made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
    invariant(made.key && made.certificate, "a P-256 key can be made");
    auto* const certificate = made.certificate.get();
    X509_set_version(certificate, X509_VERSION_3);
    unsigned char serial[kSerialBytes];
    invariant(RAND_bytes(serial, kSerialBytes) == 1, "random bytes can be had");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);
    BIGNUM* const number = BN_bin2bn(serial, kSerialBytes, nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate), kLifeDays * kDay);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    return made;
}

Made make_authority() {
    auto made = start_certificate("pushonce mock gateway CA");
    auto* const ca = made.certificate.get();
    X509_set_issuer_name(ca, X509_get_subject_name(ca));
    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca, ca, NID_subject_key_identifier, "hash");
    X509_sign(ca, made.key.get(), EVP_sha256());
    return made;
}

Made make_server(const Made& authority) {
    auto made = start_certificate("localhost");
    auto* const server = made.certificate.get();
    auto* const ca = authority.certificate.get();
    X509_set_issuer_name(server, X509_get_subject_name(ca));
    add_extension(server, ca, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(server, ca, NID_key_usage, "critical,digitalSignature");
    add_extension(server, ca, NID_ext_key_usage, "serverAuth");
    add_extension(server, ca, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    add_extension(server, ca, NID_subject_key_identifier, "hash");
    add_extension(server, ca, NID_authority_key_identifier, "keyid:always");
    X509_sign(server, authority.key.get(), EVP_sha256());
    return made;
}

/// Writes a file whole or not at all: a reader never meets half a key.
template <class Write>
void write_pem(const std::filesystem::path& file, mode_t mode, Write write) {
    auto part = file;
    part += ".part";
    const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    const Bio out(fd < 0 ? nullptr : BIO_new_fd(fd, BIO_CLOSE));
    if (!out || write(out.get()) != 1 || ::rename(part.c_str(), file.c_str()) != 0)
        throw UnavailableError(file.string() + ": cannot be written: " + std::strerror(errno));
}

void write_files(const std::filesystem::path& dir, const Made& authority, const Made& server) {
    std::error_code ignored;  // write_pem tells what is wrong
    std::filesystem::create_directories(dir, ignored);
    write_pem(dir / "key.pem", 0600, [&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, server.key.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr);
    });
    write_pem(dir / "cert.pem", 0644,
              [&](BIO* out) { return PEM_write_bio_X509(out, server.certificate.get()); });
    write_pem(dir / "ca.pem", 0644,
              [&](BIO* out) { return PEM_write_bio_X509(out, authority.certificate.get()); });
}

void use_files(SSL_CTX* context, const std::filesystem::path& cert,
               const std::filesystem::path& key) {
    if (SSL_CTX_use_certificate_chain_file(context, cert.c_str()) != 1)
        throw ConfigError(cert.string(), "no certificate chain in PEM form can be read");
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        throw ConfigError(key.string(), "no private key of that certificate can be read");
}

bool has_files(const std::filesystem::path& dir) {
    std::error_code ignored;
    return std::filesystem::exists(dir / "ca.pem", ignored) &&
           std::filesystem::exists(dir / "cert.pem", ignored) &&
           std::filesystem::exists(dir / "key.pem", ignored);
}

void use_made(SSL_CTX* context, const std::filesystem::path& dir) {
    const auto authority = make_authority();
    const auto server = make_server(authority);
    invariant(SSL_CTX_use_certificate(context, server.certificate.get()) == 1 &&
                  SSL_CTX_use_PrivateKey(context, server.key.get()) == 1,
              "the certificate made fits its key");
    if (!dir.empty()) write_files(dir, authority, server);
}

int choose_http(SSL* /*tls*/, const unsigned char** out, unsigned char* out_bytes,
                const unsigned char* offered, unsigned int offered_bytes, void* our_alpn) {
    unsigned char* chosen = nullptr;
    const auto& alpn = *static_cast<const std::string_view*>(our_alpn);
    const auto* const ours = reinterpret_cast<const unsigned char*>(alpn.data());
    if (SSL_select_next_proto(&chosen, out_bytes, ours, static_cast<unsigned>(alpn.size()), offered,
                              offered_bytes) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

void ask_for_certificates(SSL_CTX* context, const std::filesystem::path& ca_file) {
    if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1)
        throw ConfigError(ca_file.string(), "no certificate in PEM form can be read");
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca_file.c_str()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    // A resumed session would not show its certificate.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
}

}  // namespace

ServerCertificate::ServerCertificate(const CertificateOptions& options)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    auto* const context = context_.get();
    invariant(context != nullptr, "TLS is available");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, kReadBufferBytes);
    const auto& alpn = options.http1_only ? kAlpnHttp1 : kAlpn;
    SSL_CTX_set_alpn_select_cb(context, choose_http, const_cast<std::string_view*>(&alpn));
    if (!options.cert_file.empty())
        use_files(context, options.cert_file, options.key_file);
    else if (!options.dir.empty() && has_files(options.dir))
        use_files(context, options.dir / "cert.pem", options.dir / "key.pem");
    else
        use_made(context, options.dir);
    if (!options.client_ca_file.empty()) ask_for_certificates(context, options.client_ca_file);
}

}  // namespace dispatcher::mock
