#include "fcm_rig.h"

#include <algorithm>
#include <fstream>

#include "gateway/fcm/fcm_type.h"

namespace dispatcher::test {

MockFcm::MockFcm(const std::string& faults,
                 const std::function<void(MockGatewayOptions&)>& change) {
    MockGatewayOptions options;
    options.cleartext = true;
    options.first_streams = 1000;
    options.ledger_file = directory_.file("ledger");
    options.fcm_service_account_file = account_file();
    if (!faults.empty()) {
        options.faults_file = directory_.file("faults.yaml");
        std::ofstream(options.faults_file) << faults;
    }
    if (change) change(options);
    mock_ = std::make_unique<MockGateway>(options);
    thread_ = std::jthread([this](const std::stop_token& stop) { mock_->run(stop); });
}

MockFcm::~MockFcm() {
    thread_ = {};
}

std::vector<std::string> MockFcm::ledger() const {
    std::ifstream file(directory_.file("ledger"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

std::size_t MockFcm::accepted(const std::string& token) const {
    const auto lines = ledger();
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(),
        [&](const auto& line) { return line.starts_with("{\"token\":\"" + token + "\""); }));
}

GatewayOptions fcm_options(const std::string& endpoint, const std::string& account_file) {
    GatewayOptions options;
    options.name = options.type = "fcm";
    options.endpoint = endpoint;
    options.connections = 1;
    options.timeout = std::chrono::seconds(1);
    options.keys = {{"service_account", account_file}};
    return options;
}

std::string fcm_token(const std::string& beginning) {
    return beginning + std::string(20 - beginning.size(), '0') + ":APA91b" + std::string(120, 'x');
}

std::string fcm_payload() {
    Message message;
    message.default_locale = "en";
    message.locales["en"].title = "Hello";
    return fcm::make_type()->payload_document(message, "en").json;
}

FcmRig::FcmRig(const GatewayOptions& options) {
    gateway = fcm::make_type()->open(options, clock, random);
}

std::string FcmRig::send(const std::string& token) {
    if (!await([&] { return gateway->capacity() > 0; })) return "no capacity";
    const auto ticket = next_ticket++;
    const auto id = id_of(ticket);
    const auto payload = fcm_payload();
    Notification notification;
    notification.appid = notification.id = id;
    notification.token = token;
    notification.payload = payload;
    notification.collapse_id = "collapse";
    notification.expires_at = clock.wall() + std::chrono::hours(1);
    const auto before = answers.size();
    gateway->submit(ticket, notification);
    if (!await([&] { return answers.size() > before; })) return "-";
    last = answers[before].outcome;
    return describe(last);
}

}  // namespace dispatcher::test
