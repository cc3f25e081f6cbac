#pragma once

#include <filesystem>
#include <string>

namespace dispatcher {

/// The folder in which a rehearsal happens: nobody else's, and gone with the object unless it is
/// kept. One thread.
class RehearsalPlace {
  public:
    /// An empty `folder` makes one in $TMPDIR or /tmp; another one must be new or empty, and is
    /// kept. Throws ConfigError, UnavailableError.
    explicit RehearsalPlace(const std::string& folder);
    ~RehearsalPlace();
    RehearsalPlace(const RehearsalPlace&) = delete;
    RehearsalPlace& operator=(const RehearsalPlace&) = delete;

    /// Absolute.
    [[nodiscard]] const std::string& folder() const { return folder_; }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const;

    /// It stays when the object goes: somebody has to look into it.
    void keep() { is_kept_ = true; }
    [[nodiscard]] bool is_kept() const { return is_kept_; }
    /// Whether it lies in memory, where writing is faster than on any disk.
    [[nodiscard]] bool is_in_memory() const;

  private:
    std::string folder_;
    bool is_kept_;
};

}  // namespace dispatcher
