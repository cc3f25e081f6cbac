#include "mockgateway/apns/provider_key_file.h"

#include <memory>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::mock {

void write_provider_key(const std::filesystem::path& file) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    invariant(key != nullptr, "a P-256 key can be made");
    const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new(BIO_s_mem()), BIO_free);
    invariant(PEM_write_bio_PKCS8PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1,
              "a key can be written to memory");
    char* text = nullptr;
    const auto bytes = BIO_get_mem_data(pem.get(), &text);

    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && write(fd, text, static_cast<std::size_t>(bytes)) == bytes;
    if (fd >= 0) close(fd);
    if (!written) throw UnavailableError(file.string() + " cannot be written");
}

}  // namespace dispatcher::mock
