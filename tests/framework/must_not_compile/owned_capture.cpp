// GCC 12 destroys what a lambda owns twice if it is written where it is awaited: the call is refused.
// only: 12.2
// says: capture by reference
#include <weir/framework/weir.hpp>

#include <functional>
#include <memory>

weir::Process write(weir::Input<int> in, std::shared_ptr<int> sum) {
    while (const std::optional<int> item = co_await in.next()) {
#ifdef WRONG
        co_await weir::offload([sum, item] { *sum += *item; });
#else
        co_await weir::offload([&] { *sum += *item; });
        const auto add = [sum, item] { *sum += *item; };
        co_await weir::offload(add);
        auto give = [owned = std::make_unique<int>(*item)]() mutable { owned.reset(); };
        co_await weir::offload(std::ref(give));
#endif
    }
}
