#include "wire_frame.h"

#include <nghttp2/nghttp2.h>

namespace dispatcher::test {
namespace {

std::string big_endian(std::uint32_t value, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xFF);
    return out;
}

std::string frame(std::uint8_t type, std::int32_t stream, const std::string& payload) {
    return big_endian(static_cast<std::uint32_t>(payload.size()), 3) + big_endian(type, 1) +
           big_endian(0, 1) + big_endian(static_cast<std::uint32_t>(stream), 4) + payload;
}

}  // namespace

std::string goaway_frame(std::int32_t last_id) {
    return frame(NGHTTP2_GOAWAY, 0,
                 big_endian(static_cast<std::uint32_t>(last_id), 4) + big_endian(0, 4));
}

std::string reset_frame(std::int32_t stream, std::uint32_t code) {
    return frame(NGHTTP2_RST_STREAM, stream, big_endian(code, 4));
}

}  // namespace dispatcher::test
