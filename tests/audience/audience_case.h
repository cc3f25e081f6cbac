#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audience/audience.h"
#include "base/error.h"
#include "temporary_directory.h"

namespace dispatcher {

/// A recipient with text of its own.
struct ReadRecipient {
    std::string appid;
    std::uint16_t gateway = 0;
    std::vector<std::string> values;
    bool operator==(const ReadRecipient&) const = default;
};

inline std::vector<ReadRecipient> all_recipients(const Audience& audience) {
    std::vector<ReadRecipient> all;
    audience.for_each([&all](const Audience::Recipient& recipient) {
        all.push_back({std::string(recipient.appid),
                       recipient.gateway.value,
                       {recipient.values.begin(), recipient.values.end()}});
    });
    return all;
}

/// One audience file and how it is to be read: two gateways by platform unless the test says
/// otherwise; a token must be there, and "broken" is none.
struct AudienceCase {
    TemporaryDirectory files;
    TemporaryDirectory scratch;
    AudienceOptions options;
    Routing routing{{"apns", "fcm"}, {{"ios", GatewayNo{0}}, {"android", GatewayNo{1}}}};
    TokenCheck check_token = [](GatewayNo, std::string_view token) -> std::optional<std::string> {
        if (token.empty()) return "has no device token";
        if (token == "broken") return "the device token is not hexadecimal";
        return std::nullopt;
    };

    explicit AudienceCase(std::string_view text, const std::string& name = "a.csv") {
        options.file = files.write(name, text);
        options.scratch_dir = scratch.path();
    }

    void send_all_to_one_gateway() { routing = {{"loop"}, {}}; }
    void accept_every_token() {
        check_token = [](GatewayNo, std::string_view) { return std::optional<std::string>(); };
    }

    [[nodiscard]] Audience read() const {
        return Audience::read(options, routing, check_token, {});
    }
    /// The text of the ConfigError that reading ends in, with the file's name as FILE; "" if it
    /// ends well.
    [[nodiscard]] std::string error() const {
        try {
            (void)read();
        } catch (const ConfigError& refused) {
            std::string text = refused.what();
            for (auto at = text.find(options.file); at != std::string::npos;
                 at = text.find(options.file, at))
                text.replace(at, options.file.size(), "FILE");
            return text;
        }
        return "";
    }
};

}  // namespace dispatcher
