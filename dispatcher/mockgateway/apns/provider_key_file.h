#pragma once

#include <filesystem>

namespace dispatcher::mock {

/// Writes a new P-256 key as Apple hands them out (PKCS #8, PEM; readable by its owner alone), for
/// pushing to the mock gateway. The file must not exist yet. Throws UnavailableError if it cannot
/// be written.
void write_provider_key(const std::filesystem::path& file);

}  // namespace dispatcher::mock
