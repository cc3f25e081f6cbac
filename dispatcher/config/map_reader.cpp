#include "config/map_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "campaign/mustache.h"
#include "campaign/nearest_name.h"
#include "config/quantity.h"

namespace dispatcher {
namespace {

using std::chrono::milliseconds;

/// What the pacing counts with, in sends per second; its sums of microseconds do not overflow.
constexpr double kRateMin = 1.0 / 86'400;
constexpr double kRateMax = 1'000'000;

std::string_view kind_in_words(YamlNode::Kind kind) {
    switch (kind) {
        case YamlNode::Kind::map:
            return "a map";
        case YamlNode::Kind::list:
            return "a list";
        case YamlNode::Kind::null:
            return "empty";
        default:
            return "a single value";
    }
}

}  // namespace

MapReader::MapReader(const YamlNode& node, std::string name, const SourceFile& file,
                     Problems& problems)
    : MapReader(std::move(name), file, problems) {
    if (node.kind == YamlNode::Kind::map) {
        node_ = &node;
    } else if (node.kind != YamlNode::Kind::broken) {
        fail(node, fmt::format("{} must be a map of keys and values, but is {}",
                               name_.empty() ? "the file" : name_, kind_in_words(node.kind)));
    }
}

void MapReader::require(std::initializer_list<std::string_view> keys) {
    if (!is_present()) return;
    for (const auto key : keys)
        if (find(key) == nullptr) fail(*node_, fmt::format("{} is missing", full_name(key)));
}

void MapReader::finish() {
    if (!is_present()) return;
    for (const auto& entry : node_->entries) {
        if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
        fail(entry.mark,
             fmt::format("unknown key '{}'{}{}", entry.key, name_.empty() ? "" : " in " + name_,
                         hint_for(entry.key, known_)));
    }
}

const YamlNode* MapReader::find(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    if (!is_present()) return nullptr;
    for (const auto& entry : node_->entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

MapReader MapReader::map(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return {full_name(key), *file_, *problems_};
    return {*node, full_name(key), *file_, *problems_};
}

std::vector<std::string> MapReader::keys() const {
    std::vector<std::string> keys;
    if (!is_present()) return keys;
    for (const auto& entry : node_->entries)
        keys.push_back(entry.key);
    return keys;
}

void MapReader::text(std::string_view key, std::string& target) {
    if (const auto* node = find_scalar(key)) target = node->text;
}

void MapReader::secret(std::string_view key, Secret& target) {
    if (const auto* node = find_scalar(key)) target = Secret(node->text);
}

void MapReader::path(std::string_view key, std::string& target) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return;
    if (node->text.empty()) return fail(*node, fmt::format("{} is empty", full_name(key)));
    target = file_->resolve(node->text);
}

void MapReader::mustache(std::string_view key, std::string& target) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return;
    check_mustache(*node);
    target = node->text;
}

void MapReader::texts(std::string_view key, std::map<std::string, std::string>& target,
                      bool is_mustache) {
    auto values = map(key);
    for (const auto& name : values.keys()) {
        if (is_mustache) {
            values.mustache(name, target[name]);
        } else {
            values.text(name, target[name]);
        }
    }
}

void MapReader::flag(std::string_view key, bool& target) {
    choice<bool>(key, target, {{"true", true}, {"false", false}});
}

void MapReader::count(std::string_view key, std::uint64_t min, std::uint64_t max,
                      std::uint64_t& target) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return;
    const auto value = parse_count(node->text);
    if (!value) {
        fail(*node, fmt::format("{}: '{}' is not a whole number such as 1000", full_name(key),
                                node->written));
    } else if (*value < min || *value > max) {
        fail(*node, fmt::format("{}: {} is out of range; {} to {} are allowed", full_name(key),
                                node->written, min, max));
    } else {
        target = *value;
    }
}

void MapReader::duration(std::string_view key, milliseconds min, milliseconds max,
                         milliseconds& target) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return;
    const auto value = parse_duration(node->text);
    if (!value) {
        fail(*node, fmt::format("{}: '{}' is not a duration such as 500ms, 30s, 5m, 12h or 1d",
                                full_name(key), node->written));
    } else if (*value < min || *value > max) {
        fail(*node, fmt::format("{}: {} is out of range; {} to {} are allowed", full_name(key),
                                node->written, duration_literal(min), duration_literal(max)));
    } else {
        target = *value;
    }
}

void MapReader::rate(std::string_view key, double& target) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return;
    const auto value = parse_rate(node->text);
    if (!value) {
        fail(*node, fmt::format("{}: '{}' is not a rate such as 5000/s or 100/m; leave it out for "
                                "no limit",
                                full_name(key), node->written));
    } else if (*value < kRateMin || *value > kRateMax) {
        fail(*node, fmt::format("{}: {} is out of range; 1/d to 1000000/s are allowed",
                                full_name(key), node->written));
    } else {
        target = *value;
    }
}

void MapReader::share(std::string_view key, double& target) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return;
    if (const auto value = parse_share(node->text))
        target = *value;
    else
        fail(*node, fmt::format("{}: '{}' is not a share from 0% to 100%, such as 20%",
                                full_name(key), node->written));
}

std::optional<std::size_t> MapReader::pick(std::string_view key,
                                           const std::vector<std::string>& names) {
    const auto* node = find_scalar(key);
    if (node == nullptr) return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), node->text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const auto nearest = nearest_name(node->text, names);
    fail(*node, fmt::format("{}: '{}' is not one of {}{}", full_name(key), node->written,
                            fmt::join(names, ", "),
                            nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    return std::nullopt;
}

void MapReader::not_available(std::initializer_list<std::string_view> keys) {
    for (const auto key : keys)
        if (const auto* node = find(key))
            fail(*node, fmt::format("{} is not available in this version", full_name(key)));
}

std::optional<std::string> MapReader::scalar(const YamlNode& node, const std::string& name) {
    if (node.kind == YamlNode::Kind::scalar) return node.text;
    if (node.kind == YamlNode::Kind::null) {
        fail(node, fmt::format("{} has no value; write \"\" for an empty text", name));
    } else if (node.kind != YamlNode::Kind::broken) {
        fail(node,
             fmt::format("{} must be a single value, but is {}", name, kind_in_words(node.kind)));
    }
    return std::nullopt;
}

void MapReader::fail(const YamlNode& node, std::string problem) {
    fail(node.mark, std::move(problem));
}

void MapReader::fail(Mark mark, std::string problem) {
    problems_->add(file_->path, mark, std::move(problem));
}

std::string MapReader::full_name(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
}

const YamlNode* MapReader::find_scalar(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr || !scalar(*node, full_name(key))) return nullptr;
    return node;
}

void MapReader::check_mustache(const YamlNode& node) {
    try {
        parse_mustache(node.text, "");
    } catch (const ConfigError& error) {
        fail(node, error.what());
    }
}

}  // namespace dispatcher
