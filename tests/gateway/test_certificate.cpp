#include "test_certificate.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace dispatcher::test {
namespace {

constexpr long kValidSeconds = 3600;

std::FILE* open_for_writing(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) throw std::runtime_error("cannot write " + path);
    return file;
}

void add_extension(X509* certificate, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "gateway-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

TestCertificate::TestCertificate(const std::string& subject_name)
    : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509_set_version(certificate_, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -kValidSeconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), kValidSeconds);
    X509_NAME* name = X509_get_subject_name(certificate_);
    const auto* text = reinterpret_cast<const unsigned char*>("gateway test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_set_pubkey(certificate_, key_);
    add_extension(certificate_, NID_subject_alt_name, subject_name);
    add_extension(certificate_, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate_, key_, EVP_sha256());
}

TestCertificate::~TestCertificate() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
}

void TestCertificate::write_certificate(const std::string& path) const {
    std::FILE* file = open_for_writing(path);
    PEM_write_X509(file, certificate_);
    std::fclose(file);
}

evp_pkey_st* write_signing_key(const std::string& path) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    std::FILE* file = open_for_writing(path);
    PEM_write_PKCS8PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    return key;
}

}  // namespace dispatcher::test
