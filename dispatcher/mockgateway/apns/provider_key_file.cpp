#include "mockgateway/apns/provider_key_file.h"

#include <memory>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/invariant.h"
#include "mockgateway/private_key_text.h"

namespace dispatcher::mock {

void write_provider_key(const std::filesystem::path& file) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    invariant(key != nullptr, "a P-256 key can be made");
    write_private_file(file, pem_of(key.get()));
}

}  // namespace dispatcher::mock
