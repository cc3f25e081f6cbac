#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/encoding.h"

namespace dispatcher::test {

/// A P-256 key that signs provider tokens, as a provider holds one.
class ProviderKey {
  public:
    ProviderKey() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {}

    void write_public(const std::string& file) const {
        const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new_file(file.c_str(), "w"),
                                                                BIO_free_all);
        PEM_write_bio_PUBKEY(out.get(), key_.get());
    }

    /// `authorization` as APNs wants it, or with another header and claims.
    [[nodiscard]] std::string authorization(std::int64_t issued_at = std::time(nullptr),
                                            const std::string& key_id = "ABC123DEFG",
                                            const std::string& team_id = "DEF123GHIJ",
                                            const std::string& algorithm = "ES256") const {
        const auto head =
            encode(R"({"alg":")" + algorithm + R"(","kid":")" + key_id + R"("})") + "." +
            encode(R"({"iss":")" + team_id + R"(","iat":)" + std::to_string(issued_at) + "}");
        return "bearer " + head + "." + encode(sign(head));
    }

  private:
    static std::string encode(const std::string& bytes) {
        return to_base64url({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    }

    [[nodiscard]] std::string sign(const std::string& text) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                              EVP_MD_CTX_free);
        std::array<unsigned char, 80> der{};
        std::size_t der_bytes = der.size();
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
        EVP_DigestSign(context.get(), der.data(), &der_bytes,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size());
        const unsigned char* at = der.data();
        const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der_bytes)), ECDSA_SIG_free);
        std::array<unsigned char, 64> raw{};
        BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw.data(), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw.data() + 32, 32);
        return {raw.begin(), raw.end()};
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace dispatcher::test
