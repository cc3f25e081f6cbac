#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/invariant.h"

namespace dispatcher::mock {

/// What a request is answered, whichever version of HTTP carries it. Reused from answer to answer:
/// clear() keeps the memory.
class Answer {
  public:
    struct Header {
        std::string_view name;  ///< lower case, static
        std::string value;
    };
    static constexpr std::size_t kHeadersMax = 4;

    int status = 200;  ///< 200 to 599
    std::string body;
    std::string_view content_type = kJson;  ///< static; said only if there is a body

    static constexpr std::string_view kJson = "application/json";

    void clear() {
        status = 200;
        body.clear();
        content_type = kJson;
        count_ = 0;
    }
    /// Another header; its value is to be filled in.
    std::string& add_header(std::string_view name) {
        invariant(count_ < kHeadersMax, "an answer has few headers");
        auto& header = headers_[count_++];
        header.name = name;
        header.value.clear();
        return header.value;
    }
    void clear_headers() { count_ = 0; }
    /// Beside :status, content-type and content-length.
    [[nodiscard]] std::span<const Header> headers() const { return {headers_.data(), count_}; }

  private:
    std::array<Header, kHeadersMax> headers_;
    std::size_t count_ = 0;
};

}  // namespace dispatcher::mock
