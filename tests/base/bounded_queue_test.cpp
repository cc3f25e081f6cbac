#include "base/bounded_queue.h"

#include <atomic>
#include <memory>
#include <thread>

#include "support/catch.h"

using dispatcher::BoundedQueue;

TEST_CASE("values leave a bounded queue in the order they came", "[unit]") {
    BoundedQueue<int> queue(3);
    CHECK(queue.empty());
    CHECK(queue.try_push(1));
    CHECK(queue.try_push(2));
    CHECK(queue.size() == 2);
    CHECK(queue.try_pop() == 1);
    CHECK(queue.try_pop() == 2);
    CHECK_FALSE(queue.try_pop().has_value());
}

TEST_CASE("a full queue takes nothing and leaves the value with its owner", "[unit]") {
    BoundedQueue<std::unique_ptr<int>> queue(1);
    CHECK(queue.try_push(std::make_unique<int>(1)));
    CHECK(queue.full());
    auto value = std::make_unique<int>(2);
    CHECK_FALSE(queue.try_push(std::move(value)));
    REQUIRE(value != nullptr);
    CHECK(*value == 2);
    CHECK(**queue.try_pop() == 1);
    CHECK(queue.try_push(std::move(value)));
}

TEST_CASE("callbacks fire for what happened, and only for that", "[unit]") {
    BoundedQueue<int> queue(1);
    int pushes = 0;
    int pops = 0;
    queue.on_push = [&] { ++pushes; };
    queue.on_pop = [&] {
        ++pops;
        CHECK_FALSE(queue.full());  // would deadlock if the lock were held
    };
    CHECK_FALSE(queue.try_pop().has_value());
    CHECK(queue.try_push(1));
    CHECK_FALSE(queue.try_push(2));
    CHECK(queue.try_pop() == 1);
    CHECK(pushes == 1);
    CHECK(pops == 1);
}

TEST_CASE("two threads pass every value once", "[unit]") {
    constexpr int kValues = 20'000;
    BoundedQueue<int> queue(8);
    std::thread producer([&] {
        for (int i = 0; i < kValues;)
            queue.try_push(int{i}) ? void(++i) : std::this_thread::yield();
    });
    int expected = 0;
    bool in_order = true;
    while (expected < kValues) {
        const auto value = queue.try_pop();
        if (!value) {
            std::this_thread::yield();
            continue;
        }
        in_order = in_order && *value == expected;
        ++expected;
    }
    producer.join();
    CHECK(in_order);
    CHECK(queue.empty());
}
