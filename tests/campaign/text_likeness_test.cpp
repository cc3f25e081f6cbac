#include "campaign/text_likeness.h"

#include <string>

#include "support/catch.h"

using namespace dispatcher;

namespace {

double likeness(std::string_view left, std::string_view right) {
    const TextShape shape(left);
    const TextShape other(right);
    CHECK(shape.likeness(other) == other.likeness(shape));
    return shape.likeness(other);
}

}  // namespace

TEST_CASE("the same words are the same text", "[campaign][unit]") {
    CHECK(likeness("Spring sale", "Spring sale") == 1);
    CHECK(likeness("Spring sale!", "  spring   SALE") == 1);
    CHECK(likeness("20 % off\nuntil Sunday", "20% off, until Sunday.") == 1);
    CHECK(likeness("", "") == 1);
    CHECK(likeness("春のセール", "春のセール") == 1);
}

TEST_CASE("a mended typo leaves the text nearly the same", "[campaign][unit]") {
    CHECK(likeness("Our sping sale ends on Sunday evening",
                   "Our spring sale ends on Sunday evening") >= kNearText);
    CHECK(likeness("Our spring sale ends on Sunday", "Our spring sale ends on Sunday, hurry") < 1);
    CHECK(likeness("Spring sale until Sunday in all our shops",
                   "Spring sale until Sunday in all of our shops") >= kNearText);
    CHECK(likeness("Größe zählt: unser Frühjahrsverkauf endet am Sonntag",
                   "Grösse zählt: unser Frühjahrsverkauf endet am Sonntag") >= kNearText);
}

TEST_CASE("another word in a short text is another text", "[campaign][unit]") {
    CHECK(likeness("20 % off all shoes until Sunday", "20 % off all bags until Sunday") <
          kNearText);
    CHECK(likeness("Spring sale", "Winter sale") < kNearText);
    CHECK(likeness("Your parcel is on its way", "Your order was shipped today") < 0.5);
    CHECK(likeness("sale", "") == 0);
    CHECK(likeness("ab", "cd") == 0);
}

TEST_CASE("other numbers are other news, however alike the words are", "[campaign][unit]") {
    const std::string words = " of our advent calendar: open the door and see what is behind it";
    CHECK(likeness("Day 2" + words, "Day 3" + words) == 0);
    CHECK(likeness("20 % off everything until Sunday", "30 % off everything until Sunday") == 0);
    CHECK(likeness("Room 1, floor 2", "Room 2, floor 1") == 0);
}

TEST_CASE("the same words in another order are not the same text", "[campaign][unit]") {
    const auto found = likeness("abcabcabc xyz", "abcabcabc xyz abc abc abc abc");
    CHECK(found > 0);
    CHECK(found < 1);
    CHECK(likeness("aaaa aaaa a", "aaaa a aaaa") < 1);
}

TEST_CASE("bytes that are no UTF-8 are compared all the same", "[campaign][unit]") {
    CHECK(likeness("\xff\xfe\xfd", "\xff\xfe\xfd") == 1);
    CHECK(likeness("\x80\x80\x80\x80", "\x80") < 1);
}
