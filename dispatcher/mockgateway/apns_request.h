#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dispatcher::mock {

/// What one HTTP/2 request carried, as far as an APNs server looks at it. Reused from request to
/// request: clear() keeps the memory of its strings.
class ApnsRequest {
  public:
    enum class Field : std::uint8_t {
        method,
        path,
        authorization,
        topic,
        id,
        push_type,
        priority,
        expiration,
        collapse_id,
        other,  ///< every header that the server ignores
    };
    /// A body is kept up to this many bytes, counted beyond: more than any limit of APNs (5,120).
    static constexpr std::size_t kBodyBytesKept = 8192;

    void clear();
    void take_header(std::string_view name, std::string_view value);
    void take_body(std::string_view bytes);

    [[nodiscard]] bool has(Field field) const { return (seen_ & bit(field)) != 0; }
    [[nodiscard]] std::string_view get(Field field) const { return values_[index(field)]; }
    /// Whether a header that APNs knows came twice.
    [[nodiscard]] bool has_duplicates() const { return duplicated_; }
    [[nodiscard]] std::string_view body() const { return body_; }
    [[nodiscard]] std::size_t body_bytes() const { return body_bytes_; }
    /// The part of the path after /3/device/; empty if there is none.
    [[nodiscard]] std::string_view token() const;

  private:
    static constexpr std::size_t index(Field field) { return static_cast<std::size_t>(field); }
    static constexpr unsigned bit(Field field) { return 1U << index(field); }

    std::array<std::string, static_cast<std::size_t>(Field::other)> values_;
    unsigned seen_ = 0;
    bool duplicated_ = false;
    std::string body_;
    std::size_t body_bytes_ = 0;
};

/// Where APNs takes notifications; the device token follows.
inline constexpr std::string_view kDevicePath = "/3/device/";

}  // namespace dispatcher::mock
