#include "campaign/json_fields.h"

#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace dispatcher {

using nlohmann::json;

JsonFields::JsonFields(const json& object, std::string what)
    : object_(object), what_(std::move(what)) {
    if (!object_.is_object()) fail("not a JSON object");
}

const json& JsonFields::object(const char* key) {
    const auto& value = take(key);
    if (!value.is_object()) fail(std::string(key) + " is not an object");
    return value;
}

const json& JsonFields::list(const char* key) {
    const auto& value = take(key);
    if (!value.is_array()) fail(std::string(key) + " is not a list");
    return value;
}

std::string JsonFields::text(const char* key) {
    const auto& value = take(key);
    if (!value.is_string()) fail(std::string(key) + " is not a text");
    return value.get<std::string>();
}

std::int64_t JsonFields::whole(const char* key, std::int64_t min, std::int64_t max) {
    const auto& value = take(key);
    if (!value.is_number_integer()) fail(std::string(key) + " is not a whole number");
    const bool is_huge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    const auto number = is_huge ? INT64_MAX : value.get<std::int64_t>();
    if (is_huge || number < min || number > max) fail(std::string(key) + " is out of range");
    return number;
}

double JsonFields::number(const char* key) {
    const auto& value = take(key);
    if (!value.is_number()) fail(std::string(key) + " is not a number");
    return value.get<double>();
}

std::map<std::string, std::string> JsonFields::texts(const char* key) {
    std::map<std::string, std::string> texts;
    for (const auto& [name, value] : object(key).items()) {
        if (!value.is_string()) fail(std::string(key) + "." + name + " is not a text");
        texts.emplace(name, value.get<std::string>());
    }
    return texts;
}

std::vector<std::string> JsonFields::text_list(const char* key) {
    std::vector<std::string> texts;
    for (const auto& value : list(key)) {
        if (!value.is_string()) fail(std::string(key) + " holds what is no text");
        texts.push_back(value.get<std::string>());
    }
    return texts;
}

bool JsonFields::has(const char* key) const {
    return object_.contains(key);
}

void JsonFields::finish() const {
    if (taken_ != object_.size()) fail("has fields that this version does not know");
}

json JsonFields::parse(std::string_view text, const std::string& what) {
    auto document = json::parse(text, nullptr, false);
    if (document.is_discarded()) throw std::invalid_argument(what + ": not a JSON document");
    return document;
}

const json& JsonFields::take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) fail(std::string(key) + " is missing");
    ++taken_;
    return *found;
}

void JsonFields::fail(const std::string& problem) const {
    throw std::invalid_argument(what_ + ": " + problem);
}

}  // namespace dispatcher
