#pragma once

#include <string>
#include <vector>

#include "gateway/gateway_type.h"

namespace dispatcher::test {

/// A gateway type that only has keys: as many kinds of them as there are.
class FakeGatewayType final : public GatewayType {
  public:
    explicit FakeGatewayType(std::string_view name, std::vector<Key> keys = {})
        : name_(name), keys_(std::move(keys)) {}

    /// With the keys of a gateway for Apple devices, and a secret one.
    static FakeGatewayType apns() {
        return FakeGatewayType(
            "apns", {{"key_file", Key::Form::path, false, {}},
                     {"key_id", Key::Form::text, true, {}},
                     {"team_id", Key::Form::text, false, {}},
                     {"topic", Key::Form::text, false, {}},
                     {"pass_phrase", Key::Form::secret, false, {}},
                     {"environment", Key::Form::choice, false, {"production", "sandbox"}}});
    }

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] std::vector<Key> keys() const override { return keys_; }
    [[nodiscard]] std::optional<Problem> problem(const GatewayOptions& options) const override {
        if (options.keys.contains("team_id") && !options.keys.contains("key_file"))
            return Problem{"team_id", "goes with key_file"};
        return {};
    }
    [[nodiscard]] std::size_t payload_bytes_max() const override { return 4096; }
    [[nodiscard]] std::string target(const GatewayOptions&) const override { return {}; }
    [[nodiscard]] PayloadDocument payload_document(const Message&,
                                                   const std::string&) const override {
        return {};
    }
    [[nodiscard]] RequestPreview preview(const GatewayOptions&,
                                         const Notification&) const override {
        return {};
    }
    [[nodiscard]] std::unique_ptr<Gateway> open(const GatewayOptions&, Clock&,
                                                Random&) const override {
        return nullptr;
    }

  private:
    std::string_view name_;
    std::vector<Key> keys_;
};

}  // namespace dispatcher::test
