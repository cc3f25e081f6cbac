#include "mockgateway/fcm/error_document.h"

#include <nlohmann/json.hpp>

namespace dispatcher::mock {

using nlohmann::ordered_json;

void ErrorDocument::write(Answer& answer) const {
    ordered_json error{{"code", code}, {"message", message}, {"status", status}};
    auto details = ordered_json::array();
    if (!fcm_code.empty())
        details.push_back({{"@type", "type.googleapis.com/google.firebase.fcm.v1.FcmError"},
                           {"errorCode", fcm_code}});
    if (!field.empty())
        details.push_back({{"@type", "type.googleapis.com/google.rpc.BadRequest"},
                           {"fieldViolations", {{{"field", field}, {"description", message}}}}});
    if (!details.empty()) error["details"] = std::move(details);
    answer.status = code;
    answer.body = ordered_json{{"error", std::move(error)}}.dump(
        2, ' ', false, ordered_json::error_handler_t::replace);
    answer.body += '\n';
}

}  // namespace dispatcher::mock
