#include "cli/request_text.h"

#include <nlohmann/json.hpp>

namespace dispatcher::cli {

std::string request_text(const RequestPreview& request) {
    auto text = request.method + " " + request.url + "\n";
    for (const auto& [name, value] : request.headers)
        text.append(name).append(": ").append(value).append("\n");
    return text + "\n" + request.body + "\n";
}

nlohmann::ordered_json request_view(const RequestPreview& request) {
    auto headers = nlohmann::ordered_json::object();
    for (const auto& [name, value] : request.headers)
        headers[name] = value;
    return {{"method", request.method},
            {"url", request.url},
            {"headers", std::move(headers)},
            {"body", request.body}};
}

}  // namespace dispatcher::cli
