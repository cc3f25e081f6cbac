#include "mockgateway/p256_key_file.h"

#include <memory>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/encoding.h"
#include "base/invariant.h"
#include "mockgateway/private_key_text.h"

namespace dispatcher::mock {

std::string write_p256_key(const std::filesystem::path& file) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    invariant(key != nullptr, "a P-256 key can be made");
    write_private_file(file, pem_of(key.get()));
    unsigned char* point = nullptr;
    const auto bytes = EVP_PKEY_get1_encoded_public_key(key.get(), &point);
    auto text = to_base64url({point, bytes});
    OPENSSL_free(point);
    return text;
}

}  // namespace dispatcher::mock
