#include "mockgateway/fcm/service_account_file.h"

#include <memory>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/invariant.h"
#include "mockgateway/private_key_text.h"

namespace dispatcher::mock {

void write_service_account(const std::filesystem::path& file, const std::string& token_uri) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
    invariant(key != nullptr, "an RSA key can be made");
    const nlohmann::ordered_json account{
        {"type", "service_account"},
        {"project_id", "mock-project"},
        {"private_key_id", "0123456789abcdef0123456789abcdef01234567"},
        {"private_key", pem_of(key.get())},
        {"client_email", "pushonce@mock-project.iam.gserviceaccount.com"},
        {"client_id", "100000000000000000000"},
        {"token_uri", token_uri}};
    write_private_file(file, account.dump(2) + "\n");
}

}  // namespace dispatcher::mock
