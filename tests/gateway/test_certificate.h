#pragma once

#include <filesystem>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace dispatcher::test {

/// A directory of its own that is removed at the end.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

/// A self-signed certificate and its key; its PEM file serves as the authority that trusts it.
class TestCertificate {
  public:
    /// `subject_name`: as OpenSSL writes it, `IP:127.0.0.1` or `DNS:localhost`.
    explicit TestCertificate(const std::string& subject_name);
    ~TestCertificate();
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    [[nodiscard]] evp_pkey_st* key() const { return key_; }
    [[nodiscard]] x509_st* certificate() const { return certificate_; }
    void write_certificate(const std::string& path) const;

  private:
    evp_pkey_st* key_;
    x509_st* certificate_;
};

/// Writes a new P-256 key as PKCS#8 PEM, as Apple gives it. The caller frees what is returned.
evp_pkey_st* write_signing_key(const std::string& path);

}  // namespace dispatcher::test
