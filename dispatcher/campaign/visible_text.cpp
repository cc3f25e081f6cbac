#include "campaign/visible_text.h"

namespace dispatcher {

std::string visible_text(const Message& message, const std::string& locale,
                         const std::vector<std::string>& columns, const ColumnValues& values) {
    const auto found = message.locales.find(locale);
    if (found == message.locales.end()) return {};
    std::string text;
    std::string part;
    const auto add = [&](const std::string& written) {
        PayloadTemplate::compile_text(written, "locale " + locale, message.data, columns)
            .render(values, part);
        text += part + "\n";
    };
    const auto& content = found->second;
    if (!content.title.empty() || !content.body.empty()) {
        add(content.title);
        add(content.body);
        return text;
    }
    for (const auto& [key, value] : content.data)
        add(value);
    for (const auto& [type, block] : message.blocks)
        text += block + "\n";
    return text;
}

}  // namespace dispatcher
