#include "config/block_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "base/encoding.h"

namespace dispatcher {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && is_digit(text[at]))
        ++at;
    return at;
}

/// Whether this is a number as JSON writes it (RFC 8259 §6).
bool is_json_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const auto whole = at;
    at = skip_digits(text, at);
    if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
    if (at < text.size() && text[at] == '.') {
        const auto fraction = at + 1;
        at = skip_digits(text, fraction);
        if (at == fraction) return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        auto exponent = at + 1;
        if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+')) ++exponent;
        at = skip_digits(text, exponent);
        if (at == exponent) return false;
    }
    return at == text.size();
}

/// Whether every JSON reader gets back the number that stands here.
bool is_exact(std::string_view number) {
    const auto* end = number.data() + number.size();
    if (number.find_first_of(".eE") == number.npos) {
        std::int64_t whole = 0;
        return std::from_chars(number.data(), end, whole).ec == std::errc{};
    }
    double value = 0;
    return std::from_chars(number.data(), end, value).ec == std::errc{} && std::isfinite(value);
}

class Writer {
  public:
    explicit Writer(MapReader& reader) : reader_(reader) {}

    void write(const YamlNode& node, const std::string& name) {
        switch (node.kind) {
            case YamlNode::Kind::null:
                json_ += "null";
                break;
            case YamlNode::Kind::scalar:
                write_scalar(node, name);
                break;
            case YamlNode::Kind::broken:
                break;
            case YamlNode::Kind::map:
                write_map(node, name);
                break;
            case YamlNode::Kind::list:
                write_list(node, name);
                break;
        }
    }
    std::string take() { return std::move(json_); }

  private:
    void write_map(const YamlNode& map, const std::string& name) {
        json_ += '{';
        for (const auto& entry : map.entries) {
            if (&entry != &map.entries.front()) json_ += ',';
            write_string(entry.key);
            json_ += ':';
            write(entry.value, fmt::format("{}.{}", name, entry.key));
        }
        json_ += '}';
    }

    void write_list(const YamlNode& list, const std::string& name) {
        json_ += '[';
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (i > 0) json_ += ',';
            write(list.items[i], fmt::format("{}[{}]", name, i));
        }
        json_ += ']';
    }

    void write_scalar(const YamlNode& node, const std::string& name) {
        const auto& text = node.text;
        const bool is_number = !node.is_quoted && is_json_number(text);
        if (is_number && !is_exact(text)) {
            reader_.fail(node, fmt::format("{}: the number {} is too large; quote it to send it as "
                                           "a text",
                                           name, node.written));
        } else if (is_number || (!node.is_quoted && (text == "true" || text == "false"))) {
            json_ += text;
        } else {
            reader_.check_mustache(node);
            write_string(text);
        }
    }

    void write_string(std::string_view text) {
        json_ += '"';
        append_json_escaped(json_, text);
        json_ += '"';
    }

    MapReader& reader_;
    std::string json_;
};

}  // namespace

std::string block_json(const YamlNode& map, const std::string& name, MapReader& reader) {
    Writer writer(reader);
    writer.write(map, name);
    return writer.take();
}

}  // namespace dispatcher
