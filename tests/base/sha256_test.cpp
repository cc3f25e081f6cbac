#include "base/sha256.h"

#include <string>

#include "base/encoding.h"
#include "support/catch.h"

using namespace dispatcher;

TEST_CASE("SHA-256 agrees with the vectors of FIPS 180-4", "[unit]") {
    CHECK(to_hex(Sha256::of("")) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(Sha256::of("abc")) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(Sha256::of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(to_hex(Sha256::of(std::string(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a message in pieces has the hash of the whole", "[unit]") {
    Sha256 hasher;
    CHECK(hasher.update("a").update("").update("bc").finish() == Sha256::of("abc"));
}

TEST_CASE("finish starts a new message", "[unit]") {
    Sha256 hasher;
    hasher.update("first").finish();
    CHECK(hasher.update("abc").finish() == Sha256::of("abc"));
}

TEST_CASE("a copy goes on from where it was made and leaves the original alone", "[unit]") {
    Sha256 original;
    original.update("a");
    Sha256 copy(original);
    CHECK(copy.update("bc").finish() == Sha256::of("abc"));
    CHECK(original.update("x").finish() == Sha256::of("ax"));
}
