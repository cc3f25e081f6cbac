#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace dispatcher {

/// Reads the fields of a JSON object that we wrote ourselves: each is asked for once, and finish()
/// refuses the rest, because what a newer version sealed must not be half understood. Everything
/// throws std::invalid_argument.
class JsonFields {
  public:
    /// `what` names the object in errors.
    JsonFields(const nlohmann::json& object, std::string what);

    const nlohmann::json& object(const char* key);
    const nlohmann::json& list(const char* key);
    std::string text(const char* key);
    std::int64_t whole(const char* key, std::int64_t min, std::int64_t max);
    double number(const char* key);
    std::map<std::string, std::string> texts(const char* key);
    [[nodiscard]] bool has(const char* key) const;
    std::vector<std::string> text_list(const char* key);
    void finish() const;

    /// The JSON document, or an exception if the text is none.
    static nlohmann::json parse(std::string_view text, const std::string& what);

  private:
    const nlohmann::json& take(const char* key);
    [[noreturn]] void fail(const std::string& problem) const;

    const nlohmann::json& object_;
    std::string what_;
    std::size_t taken_ = 0;
};

}  // namespace dispatcher
