#pragma once

#include <filesystem>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace dispatcher::mock {

/// A private key in PEM form (PKCS #8), not encrypted.
std::string pem_of(const evp_pkey_st* key);

/// Makes a file that its owner alone may read. Throws UnavailableError if there is one already, or
/// it cannot be written.
void write_private_file(const std::filesystem::path& file, std::string_view text);

}  // namespace dispatcher::mock
