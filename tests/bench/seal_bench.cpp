// How many web pushes a core encrypts, beside the ECDH alone that no encryption can do without:
// taken in turns, so that both see the same machine. Prints one line; judges nothing.
//
//   cmake --build build/release --target seal_bench && build/release/tests/seal_bench

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "gateway/webpush/message_seal.h"

namespace {

using namespace dispatcher;

constexpr int kRounds = 9;
constexpr int kInARow = 4000;
constexpr std::size_t kPayloadBytes = 400;
constexpr std::string_view kToken =
    "https://push.example.net/push/x "
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4 "
    "BTBZMqHH6r4Tts7J_aSIgg";

/// Calls a second of one core: by the CPU time that they took, whoever else is on the machine.
template <class Call>
double rate(const Call& call) {
    const auto start = std::clock();
    for (int i = 0; i < kInARow; ++i)
        call();
    return kInARow * static_cast<double>(CLOCKS_PER_SEC) /
           static_cast<double>(std::clock() - start);
}

/// As `openssl speed ecdhp256`: the derivation alone, keys and context made before.
class Ecdh {
  public:
    Ecdh()
        : own_(EVP_EC_gen("P-256")),
          peer_(EVP_EC_gen("P-256")),
          context_(EVP_PKEY_CTX_new(own_, nullptr)) {
        EVP_PKEY_derive_init(context_);
        EVP_PKEY_derive_set_peer(context_, peer_);
    }
    ~Ecdh() {
        EVP_PKEY_CTX_free(context_);
        EVP_PKEY_free(peer_);
        EVP_PKEY_free(own_);
    }
    Ecdh(const Ecdh&) = delete;
    Ecdh& operator=(const Ecdh&) = delete;

    void derive() {
        std::size_t size = secret_.size();
        EVP_PKEY_derive(context_, secret_.data(), &size);
    }

  private:
    EVP_PKEY* own_;
    EVP_PKEY* peer_;
    EVP_PKEY_CTX* context_;
    std::array<unsigned char, 32> secret_{};
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main() {
    SystemRandom random;
    webpush::Subscription subscription;
    webpush::Subscription::parse(kToken, subscription);
    webpush::MessageSeal seal;
    Ecdh ecdh;
    const std::string payload(kPayloadBytes, 'x');
    std::string body;
    std::vector<double> seals;
    std::vector<double> derivations;
    for (int round = 0; round < kRounds; ++round) {
        derivations.push_back(rate([&] { ecdh.derive(); }));
        seals.push_back(rate([&] {
            if (seal.address(subscription.keys)) seal.seal(payload, random, body);
        }));
    }
    std::printf(
        "web pushes of %zu bytes encrypted/s a core: %.0f; ECDH P-256/s: %.0f; ratio %.2f\n",
        kPayloadBytes, median(seals), median(derivations), median(seals) / median(derivations));
    return 0;
}
