#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/gateway_type.h"

namespace dispatcher::test {

/// A type whose token is in two columns, of which the first tells devices apart.
class TwoColumns final : public GatewayType {
  public:
    std::string_view name() const override { return "two"; }
    std::vector<Key> keys() const override { return {}; }
    std::vector<std::string> token_columns() const override { return {"endpoint", "auth"}; }
    std::optional<std::string> token_problem(std::string_view token) const override {
        return token.starts_with("https://") ? std::nullopt
                                             : std::optional<std::string>("it is not https");
    }
    std::size_t payload_bytes_max() const override { return 64; }
    std::string target(const GatewayOptions&) const override { return "here"; }
    PayloadDocument payload_document(const Message&, const std::string&) const override {
        return {};
    }
    RequestPreview preview(const GatewayOptions&, const Notification&) const override { return {}; }
    std::unique_ptr<Gateway> open(const GatewayOptions&, Clock&, Random&) const override {
        return nullptr;
    }
};

}  // namespace dispatcher::test
