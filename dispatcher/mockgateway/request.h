#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher::mock {

/// One HTTP request as it came, whichever version of HTTP carried it; a role looks at what it
/// wants of it. Reused from request to request: clear() keeps the memory.
class Request {
  public:
    /// A body is kept up to this many bytes, and counted beyond.
    static constexpr std::size_t kBodyBytesKept = 65'536;

    struct Header {
        std::string_view name;
        std::string_view value;
    };

    void clear();
    /// `name` in lower case; the pseudo headers of HTTP/2 are headers too, and HTTP/1.1's request
    /// line and Host come under their names.
    void take_header(std::string_view name, std::string_view value);
    void take_body(std::string_view bytes);
    void set_version(int version) { version_ = version; }

    /// Views are valid until the request changes.
    [[nodiscard]] std::string_view method() const { return get(":method"); }
    [[nodiscard]] std::string_view path() const { return get(":path"); }
    /// The first header of this name; empty if there is none.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    /// How many headers have this name.
    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] std::size_t headers() const { return places_.size(); }
    [[nodiscard]] Header header(std::size_t index) const {
        const auto& place = places_[index];
        const auto text = std::string_view(text_);
        return {text.substr(place.name, place.value - place.name),
                text.substr(place.value, place.end - place.value)};
    }
    [[nodiscard]] std::string_view body() const { return body_; }
    [[nodiscard]] std::size_t body_bytes() const { return body_bytes_; }
    /// 1 or 2: HTTP/1.x or HTTP/2.
    [[nodiscard]] int version() const { return version_; }

  private:
    /// Where a header lies in text_.
    struct Place {
        std::uint32_t name;
        std::uint32_t value;
        std::uint32_t end;
    };

    std::string text_;  // names and values one after the other
    std::vector<Place> places_;
    std::string body_;
    std::size_t body_bytes_ = 0;
    int version_ = 2;
};

}  // namespace dispatcher::mock
