#include "mockgateway/fault_file.h"

#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/error.h"

namespace dispatcher::mock {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDelayDefault{3000};

class FaultFile {
  public:
    explicit FaultFile(std::filesystem::path file) : file_(std::move(file)) {}

    FaultRules read() const {
        const auto root = load();
        if (root.IsNull()) return {};
        check_keys(root, {"seed", "rules"});
        std::uint64_t seed = 0;
        if (const auto node = root["seed"]) seed = whole_number(node);
        std::vector<FaultRule> rules;
        if (const auto list = root["rules"]) {
            if (!list.IsSequence()) fail(list, "rules must be a list");
            for (const auto& node : list)
                rules.push_back(read_rule(node));
        }
        return {seed, std::move(rules)};
    }

  private:
    /// The one place where yaml-cpp's exceptions are translated; later reads ask before they take.
    YAML::Node load() const {
        try {
            return YAML::LoadFile(file_.string());
        } catch (const YAML::BadFile&) {
            throw ConfigError(file_.string(), "the faults file cannot be read");
        } catch (const YAML::Exception& error) {
            throw ConfigError(place(error.mark), error.msg);
        }
    }

    std::string place(const YAML::Mark& mark) const {
        return fmt::format("{}:{}:{}", file_.string(), mark.line + 1, mark.column + 1);
    }
    [[noreturn]] void fail(const YAML::Node& node, const std::string& problem) const {
        throw ConfigError(place(node.Mark()), problem);
    }

    void check_keys(const YAML::Node& map, const std::set<std::string>& allowed) const {
        if (!map.IsMap()) fail(map, "a map of keys and values is expected here");
        std::set<std::string> seen;
        for (const auto& entry : map) {
            const auto& key = entry.first.Scalar();
            if (allowed.count(key) == 0)
                fail(entry.first, fmt::format("unknown key '{}' here; possible: {}", key,
                                              fmt::join(allowed, ", ")));
            if (!seen.insert(key).second)
                fail(entry.first, fmt::format("the key '{}' stands here twice", key));
            if (key != "rules" && !entry.second.IsScalar())
                fail(entry.second, fmt::format("'{}' takes a single value", key));
        }
    }

    FaultRule read_rule(const YAML::Node& node) const {
        if (!node.IsMap()) fail(node, "a rule is a map such as {fault: refuse, share: 1%}");
        const auto fault = node["fault"];
        if (!fault || !fault.IsScalar()) fail(node, "a rule needs the key 'fault'");
        FaultRule rule;
        rule.kind = &kind_of(fault);
        check_keys(node, keys_of(*rule.kind));

        if (const auto value = node["share"]) rule.share = share(value);
        if (const auto value = node["attempts"]) rule.attempts = attempts(value);
        if (const auto value = node["token_prefix"]) rule.token_prefix = value.Scalar();
        if (rule.kind->has_delay)
            rule.delay = node["delay"] ? duration(node["delay"]) : kDelayDefault;
        if (const auto value = node["retry_after"])
            rule.retry_after = std::chrono::ceil<std::chrono::seconds>(duration(value));
        if (rule.kind->has_reason) rule.reason = reason(node);
        if (rule.kind->has_status) {
            rule.status = status(node);
            if (const auto value = node["body"]) rule.body = value.Scalar();
        }
        return rule;
    }

    const FaultKind& kind_of(const YAML::Node& node) const {
        std::vector<std::string_view> names;
        for (const auto& kind : fault_kinds()) {
            if (kind.name == node.Scalar()) return kind;
            names.push_back(kind.name);
        }
        fail(node, fmt::format("unknown fault '{}'; possible: {}", node.Scalar(),
                               fmt::join(names, ", ")));
    }

    static std::set<std::string> keys_of(const FaultKind& kind) {
        std::set<std::string> keys{"fault", "share", "attempts", "token_prefix"};
        if (kind.has_delay) keys.insert("delay");
        if (kind.has_retry_after) keys.insert("retry_after");
        if (kind.has_reason) keys.insert("reason");
        if (kind.has_status) keys.insert({"status", "body"});
        return keys;
    }

    std::string reason(const YAML::Node& rule) const {
        const auto node = rule["reason"];
        if (!node || node.Scalar().empty() ||
            node.Scalar().find_first_of("\"\\") != std::string::npos)
            fail(node ? node : rule, "this fault needs a reason, such as BadTopic");
        return node.Scalar();
    }

    int status(const YAML::Node& rule) const {
        const auto node = rule["status"];
        if (!node) fail(rule, "this fault needs a status, such as 502");
        const auto value = whole_number(node);
        if (value < 200 || value > 599) fail(node, "a status is between 200 and 599");
        return static_cast<int>(value);
    }

    template <class Number>
    static std::optional<Number> number_of(const std::string& text, std::string& unit) {
        Number value{};
        const char* const end = text.data() + text.size();
        const auto result = std::from_chars(text.data(), end, value);
        if (result.ec != std::errc()) return std::nullopt;
        unit.assign(result.ptr, end);
        return value;
    }

    std::uint64_t whole_number(const YAML::Node& node) const {
        std::string rest;
        const auto value = number_of<std::uint64_t>(node.Scalar(), rest);
        if (!value || !rest.empty()) fail(node, "a whole number is expected here");
        return *value;
    }

    std::uint32_t attempts(const YAML::Node& node) const {
        const auto value = whole_number(node);
        if (value == 0 || value > 1'000'000) fail(node, "attempts are between 1 and 1000000");
        return static_cast<std::uint32_t>(value);
    }

    double share(const YAML::Node& node) const {
        std::string unit;
        auto value = number_of<double>(node.Scalar(), unit);
        if (value && unit == "%") *value /= 100;
        if (!value || !(unit.empty() || unit == "%") || !(*value >= 0 && *value <= 1))
            fail(node, "a share is between 0% and 100%, or between 0 and 1");
        return *value;
    }

    milliseconds duration(const YAML::Node& node) const {
        std::string unit;
        const auto value = number_of<std::uint32_t>(node.Scalar(), unit);
        if (value && unit == "ms") return milliseconds(*value);
        if (value && unit == "s") return std::chrono::seconds(*value);
        if (value && unit == "m") return std::chrono::minutes(*value);
        fail(node, "a duration is a whole number with a unit: 250ms, 3s, 1m");
    }

    const std::filesystem::path file_;
};

}  // namespace

FaultRules read_fault_file(const std::filesystem::path& file) {
    return FaultFile(file).read();
}

}  // namespace dispatcher::mock
