#include "gateway/http2/request_preview.h"

namespace dispatcher::http2 {

RequestPreview preview_of(const std::string& origin, const Request& request, const Fields& fields) {
    RequestPreview preview;
    for (const auto& field : fields) {
        if (field.name == ":method") preview.method = field.value;
        if (field.name == ":path") preview.url = origin + std::string(field.value);
        if (!field.name.starts_with(':')) preview.headers.emplace_back(field.name, field.value);
    }
    preview.body = request.body;
    return preview;
}

}  // namespace dispatcher::http2
