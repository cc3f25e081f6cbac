#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/invariant.h"

namespace dispatcher {
namespace {

const EVP_MD* algorithm() {
    // Fetched once: EVP_sha256() would look the implementation up at every start of a digest.
    static const EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

EVP_MD_CTX* as_context(void* context) {
    return static_cast<EVP_MD_CTX*>(context);
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    invariant(EVP_DigestInit_ex2(as_context(context_), algorithm(), nullptr) == 1,
              "SHA-256 is available");
}

Sha256::~Sha256() {
    EVP_MD_CTX_free(as_context(context_));
}

Sha256::Sha256(const Sha256& other) : context_(EVP_MD_CTX_new()) {
    invariant(EVP_MD_CTX_copy_ex(as_context(context_), as_context(other.context_)) == 1,
              "a digest can be copied");
}

Sha256& Sha256::update(std::string_view bytes) {
    EVP_DigestUpdate(as_context(context_), bytes.data(), bytes.size());
    return *this;
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest;
    EVP_DigestFinal_ex(as_context(context_), digest.data(), nullptr);
    EVP_DigestInit_ex2(as_context(context_), nullptr, nullptr);
    return digest;
}

Sha256Digest Sha256::of(std::string_view bytes) {
    thread_local Sha256 hasher;
    return hasher.update(bytes).finish();
}

}  // namespace dispatcher
