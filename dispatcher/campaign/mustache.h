#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// One piece of a Mustache template. Sections stand flat: what lies between a `section` or
/// `inverted` and its `end` belongs to it; the parser has checked that they nest.
struct MustachePart {
    enum class Kind {
        text,      ///< `text` as it stands
        variable,  ///< the value of the variable named `text`
        section,   ///< shown if the variable named `text` is true: neither empty nor "false"
        inverted,  ///< shown if it is not
        end,       ///< of the innermost open section
    };
    Kind kind = Kind::text;
    std::string text;
    bool operator==(const MustachePart&) const = default;
};

/// Splits a template: {{name}}, {{{name}}} and {{&name}} (all the same: whoever renders decides how
/// values are escaped), {{#name}}…{{/name}}, {{^name}}…{{/name}} and {{! comment }}. A section tag
/// or comment alone on its line takes the line with it. Partials, changed delimiters and broken
/// tags throw ConfigError, whose place is `place`.
std::vector<MustachePart> parse_mustache(std::string_view source, const std::string& place);

/// Whether a value makes its {{#section}} appear. Only nothing and "false" do not: "0" is a number
/// that someone may want to say.
inline bool is_true(std::string_view value) {
    return !value.empty() && value != "false";
}

}  // namespace dispatcher
