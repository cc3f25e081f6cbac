#include "gateway/http2/protocol_key.h"

#include <string_view>

namespace dispatcher::http2 {
namespace {

constexpr std::string_view kProtocol = "protocol";
constexpr std::string_view kHttp1 = "http1";
constexpr std::string_view kHttp2 = "http2";

}  // namespace

GatewayType::Key protocol_key() {
    return {kProtocol, GatewayType::Key::Form::choice, false, {"auto", kHttp1, kHttp2}};
}

Protocols protocols_of(const GatewayOptions& options, Protocols otherwise) {
    const auto protocol = options.key(kProtocol);
    if (protocol == kHttp1) return Protocols::http1;
    return protocol == kHttp2 ? Protocols::http2 : otherwise;
}

}  // namespace dispatcher::http2
