#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// Where the values of one recipient come from: column i of `columns` given to the compiler.
/// Absent columns are empty.
using ColumnValues = std::vector<std::string_view>;

/// Where a variable stands in the file, as file:line:column; "" if that is not known.
using PlaceOfVariable = std::function<std::string(const std::string& name)>;

/// A JSON document with Mustache in its strings, compiled once: rendering concatenates literal
/// bytes and JSON-escaped values, so no value can break out of its string. A cheap copyable handle,
/// immutable after compile(); render() may run on many threads at once.
class PayloadTemplate {
  public:
    /// Renders nothing.
    PayloadTemplate() = default;

    /// `document` is JSON text, whose key order is kept; object keys are literal. `constants` are
    /// folded in, but a column of the same name wins; other names must be in `columns`. `place`
    /// (e.g. `templates/promo.yaml, locale de`) opens every error. Throws ConfigError for malformed
    /// Mustache or an unknown variable (with the nearest name, and at its place in the file where
    /// `place_of` knows it).
    static PayloadTemplate compile_json(std::string_view document, const std::string& place,
                                        const std::map<std::string, std::string>& constants,
                                        const std::vector<std::string>& columns,
                                        const PlaceOfVariable& place_of = {});
    /// The same for a plain text (collapse key, …): values are not escaped.
    static PayloadTemplate compile_text(std::string_view text, const std::string& place,
                                        const std::map<std::string, std::string>& constants,
                                        const std::vector<std::string>& columns);

    /// Replaces `out` by the rendered bytes. The values are valid UTF-8.
    void render(const ColumnValues& values, std::string& out) const;

  private:
    class Compiler;
    struct Program;
    explicit PayloadTemplate(std::shared_ptr<const Program> program)
        : program_(std::move(program)) {}

    std::shared_ptr<const Program> program_;
};

}  // namespace dispatcher
