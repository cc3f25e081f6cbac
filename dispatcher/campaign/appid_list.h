#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dispatcher {

/// Many appids in one allocation. Byte-exact; the order is the order of push(). Views are valid
/// until the list changes.
class AppidList {
  public:
    void push(std::string_view appid) {
        bytes_.append(appid);
        ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    }
    void clear() {
        bytes_.clear();
        ends_.clear();
    }
    void reserve(std::size_t rows, std::size_t bytes) {
        ends_.reserve(rows);
        bytes_.reserve(bytes);
    }
    [[nodiscard]] std::size_t size() const { return ends_.size(); }
    [[nodiscard]] bool empty() const { return ends_.empty(); }
    [[nodiscard]] std::string_view operator[](std::size_t row) const {
        const auto begin = row == 0 ? 0 : ends_[row - 1];
        return std::string_view(bytes_).substr(begin, ends_[row] - begin);
    }
    [[nodiscard]] std::string_view front() const { return (*this)[0]; }
    [[nodiscard]] std::string_view back() const { return (*this)[size() - 1]; }
    [[nodiscard]] std::vector<std::string_view> views() const {
        std::vector<std::string_view> all;
        all.reserve(size());
        for (std::size_t i = 0; i < size(); ++i)
            all.push_back((*this)[i]);
        return all;
    }
    /// All appids one after the other.
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

  private:
    std::string bytes_;
    std::vector<std::uint32_t> ends_;
};

}  // namespace dispatcher
