#include "mockgateway/fcm/service_account_file.h"

#include <memory>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::mock {

void write_service_account(const std::filesystem::path& file, const std::string& token_uri) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
    invariant(key != nullptr, "an RSA key can be made");
    const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new(BIO_s_mem()), BIO_free);
    invariant(PEM_write_bio_PKCS8PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1,
              "a key can be written to memory");
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(pem.get(), &bytes);
    const nlohmann::ordered_json account{
        {"type", "service_account"},
        {"project_id", "mock-project"},
        {"private_key_id", "0123456789abcdef0123456789abcdef01234567"},
        {"private_key", std::string(bytes, static_cast<std::size_t>(size))},
        {"client_email", "pushonce@mock-project.iam.gserviceaccount.com"},
        {"client_id", "100000000000000000000"},
        {"token_uri", token_uri}};
    const auto text = account.dump(2) + "\n";
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) ::close(fd);
    if (!written) throw UnavailableError(file.string() + " cannot be written");
}

}  // namespace dispatcher::mock
