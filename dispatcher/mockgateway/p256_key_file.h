#pragma once

#include <filesystem>
#include <string>

namespace dispatcher::mock {

/// Writes a new P-256 key (PKCS #8, PEM; readable by its owner alone): Apple hands out such keys,
/// and pages and browsers of Web Push have them. Answers its public half as Web Push writes it, an
/// uncompressed point in base64url. The file must not exist yet. Throws UnavailableError if it
/// cannot be written.
std::string write_p256_key(const std::filesystem::path& file);

}  // namespace dispatcher::mock
