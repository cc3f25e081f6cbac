#include "mockgateway/apns/apns_request.h"

namespace dispatcher::mock {
namespace {

using Field = ApnsRequest::Field;

Field field_of(std::string_view name) {
    switch (name.size()) {  // two names at most share a length: one comparison a header
        case 5:
            return name == ":path" ? Field::path : Field::other;
        case 7:
            if (name == "apns-id") return Field::id;
            return name == ":method" ? Field::method : Field::other;
        case 10:
            return name == "apns-topic" ? Field::topic : Field::other;
        case 13:
            if (name == "apns-priority") return Field::priority;
            return name == "authorization" ? Field::authorization : Field::other;
        case 14:
            return name == "apns-push-type" ? Field::push_type : Field::other;
        case 15:
            return name == "apns-expiration" ? Field::expiration : Field::other;
        case 16:
            return name == "apns-collapse-id" ? Field::collapse_id : Field::other;
        default:
            return Field::other;
    }
}

}  // namespace

ApnsRequest::ApnsRequest(const Request& request) : request_(request) {
    for (std::size_t i = 0; i < request.headers(); ++i) {
        const auto [name, value] = request.header(i);
        take_header(name, value);
    }
}

void ApnsRequest::take_header(std::string_view name, std::string_view value) {
    const auto field = field_of(name);
    if (field == Field::other) return;
    if (has(field)) {
        duplicated_ = true;
        return;
    }
    seen_ |= bit(field);
    values_[index(field)] = value;
}

std::string_view ApnsRequest::token() const {
    auto path = get(Field::path);
    if (path.substr(0, kDevicePath.size()) != kDevicePath) return {};
    return path.substr(kDevicePath.size());
}

}  // namespace dispatcher::mock
