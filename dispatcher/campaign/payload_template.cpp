#include "campaign/payload_template.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "campaign/mustache.h"
#include "campaign/nearest_name.h"

namespace dispatcher {

using nlohmann::ordered_json;

/// Runs from the first segment to the last; a section that is not shown jumps over its content.
struct PayloadTemplate::Program {
    struct Segment {
        enum class Kind : std::uint8_t { literal, variable, section, inverted } kind;
        std::uint32_t column = 0;  ///< variable, section, inverted
        std::uint32_t begin = 0;   ///< literal: where in `literals`
        std::uint32_t length = 0;
        std::uint32_t next = 0;  ///< section, inverted: the segment after its end
    };
    std::string literals;
    std::vector<Segment> segments;
    bool is_json = false;
};

/// Turns a document into a program, piece by piece.
class PayloadTemplate::Compiler {
  public:
    Compiler(const std::string& document_place, const std::map<std::string, std::string>& constants,
             const std::vector<std::string>& columns, bool is_json, const PlaceOfVariable& place_of)
        : document_place_(document_place),
          constants_(constants),
          columns_(columns),
          place_of_(place_of),
          program_(std::make_shared<Program>()) {
        program_->is_json = is_json;
    }

    /// Adds a JSON value; `path` leads to it from the document's root ("aps.alert.title").
    void add_value(const ordered_json& value, const std::string& path) {
        if (value.is_string()) {
            add_literal("\"");
            add_text(value.get_ref<const std::string&>(), path);
            add_literal("\"");
        } else if (value.is_object()) {
            add_object(value, path);
        } else if (value.is_array()) {
            add_array(value, path);
        } else {
            add_literal(value.dump());
        }
    }

    /// Adds a text with Mustache in it.
    void add_text(std::string_view text, const std::string& path) {
        using Kind = MustachePart::Kind;
        const auto place = path.empty() ? document_place_ : document_place_ + ", " + path;
        const auto parts = parse_mustache(text, place);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            switch (const auto& part = parts[i]; part.kind) {
                case Kind::text:
                    add_escaped(part.text);
                    break;
                case Kind::variable:
                    add_variable(part.text, place);
                    break;
                case Kind::end:
                    end_section();
                    break;
                case Kind::section:
                case Kind::inverted:
                    if (!begin_section(part, place)) i = end_of_section(parts, i);
            }
        }
    }

    PayloadTemplate finish() { return PayloadTemplate(std::move(program_)); }

  private:
    using Segment = Program::Segment;

    void add_object(const ordered_json& object, const std::string& path) {
        std::string_view separator = "{";
        for (const auto& [key, value] : object.items()) {
            add_literal(separator);
            add_literal("\"");
            add_escaped(key);
            add_literal("\":");
            add_value(value, path.empty() ? key : path + "." + key);
            separator = ",";
        }
        add_literal(object.empty() ? "{}" : "}");
    }

    void add_array(const ordered_json& array, const std::string& path) {
        std::string_view separator = "[";
        for (std::size_t i = 0; i < array.size(); ++i) {
            add_literal(separator);
            add_value(array[i], fmt::format("{}[{}]", path, i));
            separator = ",";
        }
        add_literal(array.empty() ? "[]" : "]");
    }

    void add_variable(const std::string& name, const std::string& place) {
        if (const auto column = column_of(name)) {
            add_segment({.kind = Segment::Kind::variable, .column = *column});
        } else {
            add_escaped(constant(name, place));
        }
    }

    /// Answers false if a constant decides that the section is never shown.
    bool begin_section(const MustachePart& part, const std::string& place) {
        const bool is_inverted = part.kind == MustachePart::Kind::inverted;
        const auto column = column_of(part.text);
        if (!column) {
            if (is_true(constant(part.text, place)) == is_inverted) return false;
            open_sections_.push_back(std::nullopt);
            return true;
        }
        open_sections_.push_back(program_->segments.size());
        add_segment({.kind = is_inverted ? Segment::Kind::inverted : Segment::Kind::section,
                     .column = *column});
        return true;
    }

    void end_section() {
        if (const auto begin = open_sections_.back()) {
            program_->segments[*begin].next = static_cast<std::uint32_t>(program_->segments.size());
            may_extend_literal_ = false;
        }
        open_sections_.pop_back();
    }

    static std::size_t end_of_section(const std::vector<MustachePart>& parts, std::size_t begin) {
        using Kind = MustachePart::Kind;
        std::size_t depth = 0;
        for (std::size_t i = begin;; ++i) {
            const auto kind = parts[i].kind;
            if (kind == Kind::section || kind == Kind::inverted) ++depth;
            if (kind == Kind::end && --depth == 0) return i;
        }
    }

    std::optional<std::uint32_t> column_of(const std::string& name) const {
        const auto found = std::find(columns_.begin(), columns_.end(), name);
        if (found == columns_.end()) return std::nullopt;
        return static_cast<std::uint32_t>(found - columns_.begin());
    }

    const std::string& constant(const std::string& name, const std::string& place) const {
        if (const auto found = constants_.find(name); found != constants_.end())
            return found->second;
        auto known = columns_;
        for (const auto& [constant, value] : constants_)
            known.push_back(constant);
        const auto known_place = place_of_ ? place_of_(name) : std::string();
        throw ConfigError(known_place.empty() ? place : known_place,
                          fmt::format("unknown variable {{{{{}}}}}: neither a column of the "
                                      "audience nor a key of message.data{}",
                                      name, hint_for(name, known)));
    }

    void add_escaped(std::string_view text) {
        if (!program_->is_json) return add_literal(text);
        std::string escaped;
        append_json_escaped(escaped, text);
        add_literal(escaped);
    }

    void add_literal(std::string_view bytes) {
        if (bytes.empty()) return;
        const auto begin = static_cast<std::uint32_t>(program_->literals.size());
        const auto length = static_cast<std::uint32_t>(bytes.size());
        program_->literals.append(bytes);
        if (may_extend_literal_) {
            program_->segments.back().length += length;
            return;
        }
        add_segment({.kind = Segment::Kind::literal, .begin = begin, .length = length});
        may_extend_literal_ = true;
    }

    void add_segment(const Segment& segment) {
        program_->segments.push_back(segment);
        may_extend_literal_ = false;
    }

    const std::string& document_place_;
    const std::map<std::string, std::string>& constants_;
    const std::vector<std::string>& columns_;
    const PlaceOfVariable& place_of_;
    std::shared_ptr<Program> program_;
    std::vector<std::optional<std::size_t>> open_sections_;  ///< segments; none: folded away
    bool may_extend_literal_ = false;  ///< the last segment is a literal and no section ended since
};

PayloadTemplate PayloadTemplate::compile_json(std::string_view document, const std::string& place,
                                              const std::map<std::string, std::string>& constants,
                                              const std::vector<std::string>& columns,
                                              const PlaceOfVariable& place_of) {
    const auto json = ordered_json::parse(document, nullptr, false);
    if (json.is_discarded()) throw ConfigError(place, "the payload is not a JSON document");
    Compiler compiler(place, constants, columns, true, place_of);
    compiler.add_value(json, "");
    return compiler.finish();
}

PayloadTemplate PayloadTemplate::compile_text(std::string_view text, const std::string& place,
                                              const std::map<std::string, std::string>& constants,
                                              const std::vector<std::string>& columns) {
    const PlaceOfVariable nowhere;
    Compiler compiler(place, constants, columns, false, nowhere);
    compiler.add_text(text, "");
    return compiler.finish();
}

void PayloadTemplate::render(const ColumnValues& values, std::string& out) const {
    using Kind = Program::Segment::Kind;
    out.clear();
    if (!program_) return;
    const auto value_of = [&](std::uint32_t column) {
        return column < values.size() ? values[column] : std::string_view{};
    };
    const auto& segments = program_->segments;
    for (std::size_t i = 0; i < segments.size();) {
        const auto& segment = segments[i];
        ++i;
        switch (segment.kind) {
            case Kind::literal:
                out.append(program_->literals, segment.begin, segment.length);
                break;
            case Kind::variable:
                if (program_->is_json) {
                    append_json_escaped(out, value_of(segment.column));
                } else {
                    out.append(value_of(segment.column));
                }
                break;
            case Kind::section:
                if (!is_true(value_of(segment.column))) i = segment.next;
                break;
            case Kind::inverted:
                if (is_true(value_of(segment.column))) i = segment.next;
        }
    }
}

}  // namespace dispatcher
