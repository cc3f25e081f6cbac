#include <thread>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "apns_rig.h"
#include "base/error.h"
#include "gateway/apns/apns_type.h"
#include "mockgateway/mock_gateway.h"
#include "support/catch.h"

// APNs with a client certificate in place of a provider token, against the mock gateway.

namespace dispatcher::test {
namespace {

/// A client's certificate that is its own authority, as PEM files.
struct Client {
    explicit Client(const TemporaryDirectory& directory, const std::string& name)
        : certificate_file(directory.file(name + ".pem")), key_file(directory.file(name + ".key")) {
        write();
    }
    void write() const {
        certificate.write_certificate(certificate_file);
        std::FILE* file = std::fopen(key_file.c_str(), "w");
        REQUIRE(file != nullptr);
        PEM_write_PrivateKey(file, certificate.key(), nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
    }
    void expire() const {
        X509_gmtime_adj(X509_getm_notAfter(certificate.certificate()), -60);
        X509_sign(certificate.certificate(), certificate.key(), EVP_sha256());
        write();
    }

    TestCertificate certificate{"DNS:client"};
    std::string certificate_file;
    std::string key_file;
};

/// A mock gateway that asks for certificates of `authority`.
class Apns {
  public:
    Apns(const TemporaryDirectory& directory, const std::string& authority) {
        MockGatewayOptions options;
        options.tls_dir = directory.file("tls");
        options.apns_client_ca_file = authority;
        options.apns_topics = {"com.example.app"};
        gateway_ = std::make_unique<MockGateway>(options);
        thread_ = std::jthread([this](const std::stop_token& stop) { gateway_->run(stop); });
    }
    [[nodiscard]] std::string endpoint() const { return gateway_->endpoint(); }

  private:
    std::unique_ptr<MockGateway> gateway_;
    std::jthread thread_;
};

GatewayOptions options_of(const Client& client, const TemporaryDirectory& directory,
                          const std::string& endpoint) {
    GatewayOptions options;
    options.name = "apns";
    options.type = "apns";
    options.endpoint = endpoint;
    options.ca_file = directory.file("tls/ca.pem");
    options.connections = 1;
    options.in_flight = 100;
    options.keys = {{"cert_file", client.certificate_file},
                    {"cert_key_file", client.key_file},
                    {"topic", "com.example.app"}};
    return options;
}

/// Waits with the gateway until it is true, for up to a generous time.
bool await(Gateway& gateway, Clock& clock, std::vector<GatewayAnswer>& answers,
           const std::function<bool()>& is_true) {
    const auto end = clock.now() + std::chrono::seconds(20);
    while (!is_true()) {
        if (clock.now() > end) return false;
        gateway.wait(clock.now() + std::chrono::milliseconds(5), answers);
    }
    return true;
}

/// A machine whose clock was set by hand.
class SetClock final : public Clock {
  public:
    BootTime now() override { return real_.now(); }
    WallTime wall() override { return now_on_the_wall; }

    WallTime now_on_the_wall{};

  private:
    SystemClock real_;
};

std::string problem_of(const GatewayOptions& options, Clock& clock) {
    CountingRandom random;
    try {
        static_cast<void>(apns::make_type()->open(options, clock, random));
    } catch (const ConfigError& error) {
        return error.what();
    }
    return {};
}

std::string problem_of(const GatewayOptions& options) {
    SystemClock clock;
    return problem_of(options, clock);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a certificate says who sends: no provider token, and no waiting for the first answer",
          "[gateway][certificate]") {
    const TemporaryDirectory directory;
    const Client client(directory, "client");
    const Apns apns(directory, client.certificate_file);
    SystemClock clock;
    CountingRandom random;
    const auto gateway =
        apns::make_type()->open(options_of(client, directory, apns.endpoint()), clock, random);
    std::vector<GatewayAnswer> answers;
    REQUIRE(await(*gateway, clock, answers, [&] { return gateway->capacity() == 100; }));
    const std::string token(64, 'a');
    for (Ticket ticket = 0; ticket < 50; ++ticket) {
        const auto id = id_of(ticket);
        Notification notification;
        notification.token = token;
        notification.payload = R"({"aps":{"alert":"hello"}})";
        notification.id = id;
        notification.push_type = ticket % 2 == 0 ? "alert" : "voip";
        gateway->submit(ticket, notification);
    }
    REQUIRE(await(*gateway, clock, answers, [&] { return answers.size() == 50; }));
    for (const auto& answer : answers)
        CHECK(describe(answer.outcome) == "accepted");
}

TEST_CASE("a certificate that the gateway does not take is told in a sentence",
          "[gateway][certificate]") {
    const TemporaryDirectory directory;
    const Client client(directory, "client");
    const Client other(directory, "other");
    const Apns apns(directory, other.certificate_file);
    SystemClock clock;
    CountingRandom random;
    const auto gateway =
        apns::make_type()->open(options_of(client, directory, apns.endpoint()), clock, random);
    std::vector<GatewayAnswer> answers;
    REQUIRE(await(*gateway, clock, answers, [&] {
        static_cast<void>(gateway->capacity());
        return !gateway->health().trouble.empty();
    }));
    INFO(gateway->health().trouble);
    CHECK(contains(gateway->health().trouble, "the gateway refuses our certificate"));
    CHECK(answers.empty());
}

TEST_CASE("a certificate that is of no use is told before anything is connected",
          "[unit][gateway][certificate]") {
    const TemporaryDirectory directory;
    const Client client(directory, "client");
    const Client other(directory, "other");
    auto options = options_of(client, directory, "https://127.0.0.1:1");
    options.ca_file = client.certificate_file;
    CHECK(problem_of(options).empty());

    auto wrong = options;
    wrong.keys["cert_key_file"] = other.key_file;
    CHECK(problem_of(wrong) == "gateways.apns.cert_key_file: " + other.key_file +
                                   ": this private key does not belong to the certificate in " +
                                   client.certificate_file);
    wrong.keys["cert_key_file"] = client.certificate_file;
    CHECK(contains(problem_of(wrong), "holds no readable PEM private key"));
    wrong = options;
    wrong.keys["cert_file"] = directory.file("absent.pem");
    CHECK(contains(problem_of(wrong), "absent.pem: no such file"));
    SetClock clock;
    clock.now_on_the_wall = WallTime(std::chrono::seconds(1'000'000'000));
    CHECK(contains(problem_of(options, clock),
                   "this certificate is not valid yet: check this machine's clock"));
    client.expire();
    CHECK(contains(problem_of(options), "this certificate has expired"));
}

}  // namespace dispatcher::test
