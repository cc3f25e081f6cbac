#include "mockgateway/private_key_text.h"

#include <memory>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "base/error.h"
#include "base/invariant.h"

namespace dispatcher::mock {

std::string pem_of(const evp_pkey_st* key) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new(BIO_s_mem()), BIO_free);
    invariant(
        PEM_write_bio_PKCS8PrivateKey(pem.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "a key can be written to memory");
    char* text = nullptr;
    const auto size = BIO_get_mem_data(pem.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

void write_private_file(const std::filesystem::path& file, std::string_view text) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool is_written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) ::close(fd);
    if (!is_written) throw UnavailableError(file.string() + " cannot be written");
}

}  // namespace dispatcher::mock
