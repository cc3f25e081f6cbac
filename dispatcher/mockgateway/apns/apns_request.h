#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mockgateway/request.h"

namespace dispatcher::mock {

/// What a request carried, as far as an APNs server looks at it: views into the request.
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

    /// `request` outlives this.
    explicit ApnsRequest(const Request& request);

    [[nodiscard]] bool has(Field field) const { return (seen_ & bit(field)) != 0; }
    [[nodiscard]] std::string_view get(Field field) const { return values_[index(field)]; }
    /// Whether a header that APNs knows came twice.
    [[nodiscard]] bool has_duplicates() const { return duplicated_; }
    [[nodiscard]] int version() const { return request_.version(); }
    [[nodiscard]] std::string_view body() const { return request_.body(); }
    [[nodiscard]] std::size_t body_bytes() const { return request_.body_bytes(); }
    /// The part of the path after /3/device/; empty if there is none.
    [[nodiscard]] std::string_view token() const;

  private:
    static constexpr std::size_t index(Field field) { return static_cast<std::size_t>(field); }
    static constexpr unsigned bit(Field field) { return 1U << index(field); }

    void take_header(std::string_view name, std::string_view value);

    const Request& request_;
    std::array<std::string_view, static_cast<std::size_t>(Field::other)> values_{};
    unsigned seen_ = 0;
    bool duplicated_ = false;
};

/// Where APNs takes notifications; the device token follows.
inline constexpr std::string_view kDevicePath = "/3/device/";

}  // namespace dispatcher::mock
