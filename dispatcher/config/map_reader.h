#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config/problems.h"
#include "config/source_file.h"
#include "config/yaml_node.h"

namespace dispatcher {

/// Reads one map of a YAML file strictly. A key is known by being asked for, so it is declared in
/// one place only; finish() complains of the others, with the nearest known one. What is absent or
/// wrong leaves the target as it was; what is wrong becomes a problem at its place.
class MapReader {
  public:
    /// `name` leads to the map in messages ("delivery.retry"; "" for the file itself). `node`,
    /// `file` and `problems` must outlive the reader.
    MapReader(const YamlNode& node, std::string name, const SourceFile& file, Problems& problems);

    /// Whether the file has this map; nothing is missing in one that is not there.
    [[nodiscard]] bool is_present() const { return node_ != nullptr; }
    void require(std::initializer_list<std::string_view> keys);
    /// Complains of every key that was not asked for.
    void finish();

    /// The value of a key, null and all, or nullptr.
    const YamlNode* find(std::string_view key);
    MapReader map(std::string_view key);
    /// The keys of a map whose keys are free, in the file's order.
    [[nodiscard]] std::vector<std::string> keys() const;

    void text(std::string_view key, std::string& target);
    void secret(std::string_view key, Secret& target);
    /// A path, absolute afterwards.
    void path(std::string_view key, std::string& target);
    /// A text that is valid Mustache.
    void mustache(std::string_view key, std::string& target);
    /// A map of free names to texts. `is_mustache`: valid Mustache.
    void texts(std::string_view key, std::map<std::string, std::string>& target, bool is_mustache);
    void flag(std::string_view key, bool& target);
    void count(std::string_view key, std::uint64_t min, std::uint64_t max, std::uint64_t& target);
    void duration(std::string_view key, std::chrono::milliseconds min,
                  std::chrono::milliseconds max, std::chrono::milliseconds& target);
    void rate(std::string_view key, double& target);
    void share(std::string_view key, double& target);
    template <class Enum>
    void choice(std::string_view key, Enum& target,
                std::initializer_list<std::pair<std::string_view, Enum>> choices) {
        std::vector<std::string> names;
        for (const auto& choice : choices)
            names.emplace_back(choice.first);
        if (const auto index = pick(key, names)) target = (choices.begin() + *index)->second;
    }
    /// Index of the chosen name.
    std::optional<std::size_t> pick(std::string_view key, const std::vector<std::string>& names);
    /// A key of a feature to come.
    void not_available(std::initializer_list<std::string_view> keys);

    /// The text of a scalar, or nothing, with its problem: it is empty, a map or a list. `name` is
    /// for the message.
    std::optional<std::string> scalar(const YamlNode& node, const std::string& name);
    /// Complains if the text is not valid Mustache.
    void check_mustache(const YamlNode& node);
    void fail(const YamlNode& node, std::string problem);
    void fail(Mark mark, std::string problem);
    /// `delivery.rate`, the way people are told about a key.
    [[nodiscard]] std::string full_name(std::string_view key) const;
    [[nodiscard]] Mark mark() const { return node_ == nullptr ? Mark{} : node_->mark; }

  private:
    MapReader(std::string name, const SourceFile& file, Problems& problems)
        : name_(std::move(name)), file_(&file), problems_(&problems) {}
    /// The scalar of a key, if it is there and is one.
    const YamlNode* find_scalar(std::string_view key);

    const YamlNode* node_ = nullptr;
    std::string name_;
    const SourceFile* file_;
    Problems* problems_;
    std::vector<std::string> known_;
};

}  // namespace dispatcher
