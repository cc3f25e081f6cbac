#include "mockgateway/json_object.h"

#include <string>

#include "support/catch.h"

namespace dispatcher::mock {
namespace {

TEST_CASE("a payload is one JSON object with at least one member") {
    for (const std::string text :
         {R"({"aps":{}})", R"( {"a" : [1, -0.5e+3, true, false, null, "x\u00e9\n"] , "b":[]} )",
          "{\"a\":\"\xC3\xBC\"}", R"({"a":{"b":{"c":[[]]}}})", "{\"\":0}"}) {
        INFO(text);
        CHECK(is_json_object_with_members(text));
    }
    for (const std::string text : {"",
                                   " ",
                                   "{}",
                                   "[]",
                                   "\"a\"",
                                   "{\"a\":1}x",
                                   "{\"a\":1,}",
                                   "{a:1}",
                                   "{\"a\":01}",
                                   "{\"a\":+1}",
                                   "{\"a\":1.}",
                                   "{\"a\":}",
                                   "{\"a\" 1}",
                                   "{\"a\":\"\n\"}",
                                   "{\"a\":\"\\x\"}",
                                   "{\"a\":\"\\u12g4\"}",
                                   "{\"a\":tru}",
                                   "{\"a\":[1 2]}",
                                   "{\"a\":\"b}",
                                   "{\"a\":\"\\",
                                   "{\"a\":\"\xC3\"}",
                                   "{\"a\":1"}) {
        INFO(text);
        CHECK_FALSE(is_json_object_with_members(text));
    }
}

TEST_CASE("nesting is bounded") {
    const auto nested = [](std::size_t depth) {
        return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(is_json_object_with_members(nested(63)));
    CHECK_FALSE(is_json_object_with_members(nested(64)));
    CHECK_FALSE(is_json_object_with_members("{\"a\":" + std::string(100'000, '[')));
}

}  // namespace
}  // namespace dispatcher::mock
