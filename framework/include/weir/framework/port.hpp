#pragma once
// The ends of links as a stage sees them: read from an Input, write to an Output, await what cannot be done at once.
#include <weir/framework/detail/acquire_waits.hpp>
#include <weir/framework/detail/link.hpp>
#include <weir/framework/gap.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weir {

template <Item T> class Input;
template <Item T> class Output;

/// What stands first in an input: an item, a gap, or (both null) the end of the stream. Valid until the input is read.
template <Item T> struct Head {
    const T* item = nullptr;
    const Gap* gap = nullptr;
};

namespace detail {

template <Item T> class InputPort final : public InputBase {
public:
    explicit InputPort(std::string name) : InputBase(std::move(name), {&typeid(T), &type_name<T>}) {}
    [[nodiscard]] std::unique_ptr<LinkBase> make_link(OutputBase& from, const LinkOptions& options) override {
        return std::make_unique<Link<T>>(from, *this, options);
    }
    [[nodiscard]] Link<T>& link() const noexcept { return static_cast<Link<T>&>(*InputBase::link()); }

    /// Takes the item that a PeekWait has shown. A parameter that it initializes is moved into straight from the mailbox.
    [[nodiscard]] T take() noexcept { return link().take(); }
    /// The first entry; `ended` tells a null that is the end from one that is "nothing yet".
    [[nodiscard]] typename Link<T>::Entry* front(bool& ended) noexcept {
        auto* entry = link().front();
        if (!entry && link().ended()) {
            entry = link().front(); // what was stored before the end
            ended = entry == nullptr;
        }
        return entry;
    }
};

/// Waits until there is something at the head.
template <Item T> class InputWait : public Wait {
public:
    bool ready() noexcept override {
        entry_ = input().front(ended_);
        return entry_ != nullptr || ended_;
    }
    void publish() noexcept final {
        published_ = true;
        input().awaited.store(true, std::memory_order_relaxed);
        input().link().consumer_waits.store(true, std::memory_order_seq_cst);
    }
    void unpublish() noexcept final {
        if (!std::exchange(published_, false))
            return;
        input().awaited.store(false, std::memory_order_relaxed);
        input().link().consumer_waits.store(false, std::memory_order_relaxed);
    }

protected:
    explicit InputWait(InputPort<T>& port) noexcept : Wait(port.stage(), WaitKind::input, &port) {}
    ~InputWait() { unpublish(); }
    [[nodiscard]] InputPort<T>& input() const noexcept { return static_cast<InputPort<T>&>(*port_); }
    typename Link<T>::Entry* entry_ = nullptr;
    bool ended_ = false;
    bool published_ = false;
};

template <Item T> class HeadWait final : public InputWait<T> {
public:
    static constexpr bool usable_in_any = true;
    explicit HeadWait(InputPort<T>& port) noexcept : InputWait<T>(port) {}
    Head<T> await_resume() const noexcept {
        if (this->ended_)
            return {};
        return {std::get_if<T>(this->entry_), std::get_if<Gap>(this->entry_)};
    }
};

/// Gaps are passed on and skipped.
template <Item T> class ItemWait : public InputWait<T> {
public:
    bool await_ready() noexcept { return !this->stage_.must_suspend() && ready(); } // known here: no virtual call
    bool ready() noexcept final {
        while (InputWait<T>::ready()) {
            const Gap* gap = this->ended_ ? nullptr : std::get_if<Gap>(this->entry_);
            if (!gap)
                return true;
            this->input().forward_gap(*gap);
            this->input().link().skip_gap();
        }
        return false;
    }

protected:
    explicit ItemWait(InputPort<T>& port) noexcept : InputWait<T>(port) {}
    ~ItemWait() = default;
};

template <Item T> class PeekWait final : public ItemWait<T> {
public:
    static constexpr bool usable_in_any = true;
    explicit PeekWait(InputPort<T>& port) noexcept : ItemWait<T>(port) {}
    const T* await_resume() const noexcept { return this->ended_ ? nullptr : std::get_if<T>(this->entry_); }
};

template <Item T> class NextWait final : public ItemWait<T> {
public:
    explicit NextWait(InputPort<T>& port) noexcept : ItemWait<T>(port) {}
    std::optional<T> await_resume() noexcept {
        if (this->ended_)
            return std::nullopt;
        return this->input().link().template take<std::optional<T>>();
    }
};

template <Item T> class OutputPort final : public OutputBase {
public:
    explicit OutputPort(std::string name) : OutputBase(std::move(name), {&typeid(T), &type_name<T>}) {
        default_capacity_ = weir::default_capacity<T>;
    }
    void attach(LinkBase& link) override {
        if constexpr (std::is_copy_constructible_v<T>)
            copies_.reserve(links().size() + 1);
        else if (!links().empty())
            throw std::invalid_argument(full_name() + ": " + type_name<T>() + " cannot be copied: it can feed one link only");
        OutputBase::attach(link);
    }
    enum class Readiness : std::uint8_t { closed, full, ready };
    /// Whether a put would be read by anybody, and need not wait.
    [[nodiscard]] Readiness readiness() const noexcept {
        bool open = discards_at_source();
        for (const LinkBase* base : links()) {
            const auto& link = static_cast<const Link<T>&>(*base);
            if (link.closed())
                continue;
            open = true;
            if (!link.drops() && !link.fits())
                return Readiness::full;
        }
        return open ? Readiness::ready : Readiness::closed;
    }
    /// Hands the item to every open link; all of them have room.
    void deliver(T& item) {
        if (links().empty())
            return; // nobody is connected: discarded at the source
        if constexpr (KeepsEntry<T>)
            if (entry_clock_ && entry_time(item) == 0)
                entry_time(item) = entry_now();
        if constexpr (std::is_copy_constructible_v<T>) {
            copies_.clear();
            for (std::size_t i = 1; i < links().size(); ++i) {
                copies_.push_back(item); // capacity reserved: the addresses stay
                items_[i] = &copies_.back();
            }
        }
        for (LinkBase* link : links())
            static_cast<Link<T>*>(link)->make_room(item);
        items_[0] = &item;
        send({items_.data(), nullptr, Token::Kind::item});
        if constexpr (std::is_copy_constructible_v<T>)
            copies_.clear();
    }

private:
    std::vector<T> copies_;
};

/// Refers to the item, which is the caller's until it is delivered: it moves once, into the mailbox.
template <Item T> class PutWait final : public Wait {
public:
    PutWait(OutputPort<T>& port, T& item) noexcept : Wait(port.stage(), WaitKind::output, &port), item_(&item) {}
    ~PutWait() { PutWait::unpublish(); }

    bool await_ready() noexcept { return !this->stage_.must_suspend() && ready(); } // known here: no virtual call
    bool ready() noexcept override {
        using Readiness = typename OutputPort<T>::Readiness;
        const Readiness now = output().readiness();
        if (now != Readiness::ready) {
            open_ = now != Readiness::closed;
            return !open_;
        }
        try {
            output().deliver(*item_);
        } catch (...) {
            error_ = std::current_exception();
        }
        return true;
    }
    void publish() noexcept override {
        published_ = true;
        output().wait_for_room(true);
    }
    void unpublish() noexcept override {
        if (std::exchange(published_, false))
            output().wait_for_room(false);
    }
    bool await_resume() const {
        if (error_)
            std::rethrow_exception(error_);
        return open_;
    }

private:
    [[nodiscard]] OutputPort<T>& output() const noexcept { return static_cast<OutputPort<T>&>(*port_); }
    T* item_;
    std::exception_ptr error_;
    bool open_ = true;
    bool published_ = false;
};

/// Puts a copy of its own.
template <Item T> class PutCopy final {
public:
    PutCopy(OutputPort<T>& port, const T& item) noexcept(std::is_nothrow_copy_constructible_v<T>)
        : item_(item), wait_(port, item_) {}
    bool await_ready() noexcept { return wait_.await_ready(); }
    void await_suspend(std::coroutine_handle<> resume) noexcept { wait_.await_suspend(resume); }
    bool await_resume() const { return wait_.await_resume(); }

private:
    T item_;
    PutWait<T> wait_;
};

} // namespace detail

/// A stage's reading end. A small handle; belongs to the stage, used only in its body.
template <Item T> class Input {
public:
    explicit Input(detail::InputPort<T>& port) noexcept : port_(&port) {}

    /// `co_await` gives the next item, or an empty optional at the end of the stream. Gaps are passed on to the stage's
    /// outputs.
    [[nodiscard]] auto next() noexcept { return detail::NextWait<T>(*port_); }
    /// `co_await` gives a pointer to the next item, which stays in the link; nullptr at the end.
    [[nodiscard]] auto peek() noexcept { return detail::PeekWait<T>(*port_); }
    /// `co_await` gives what is first, gaps included, without taking it.
    [[nodiscard]] auto head() noexcept { return detail::HeadWait<T>(*port_); }
    /// Takes away the gap that `head` showed.
    void skip_gap() noexcept { port_->link().skip_gap(); }
    /// True if `next` would not wait: there is an item, or the stream has ended.
    [[nodiscard]] bool ready() noexcept {
        bool ended = false;
        return port_->front(ended) != nullptr || ended;
    }
    [[nodiscard]] const std::string& name() const noexcept { return port_->name(); }
    [[nodiscard]] detail::InputPort<T>& port() const noexcept { return *port_; }

private:
    detail::InputPort<T>* port_;
};

/// A stage's writing end. A small handle; belongs to the stage, used only in its body.
template <Item T> class Output {
public:
    explicit Output(detail::OutputPort<T>& port) noexcept : port_(&port) {}

    /// `co_await` waits for room in every link and gives the item to all; false once nobody reads any more. To be awaited in
    /// the expression that makes it: it refers to `item`. GCC 12 destroys a braced aggregate inside an await twice: not
    /// `put({...})`, but a variable of its own, moved.
    [[nodiscard]] auto put(T&& item) noexcept { return detail::PutWait<T>(*port_, item); }
    [[nodiscard]] auto put(const T& item) noexcept(std::is_nothrow_copy_constructible_v<T>)
        requires std::is_copy_constructible_v<T>
    {
        return detail::PutCopy<T>(*port_, item);
    }
    /// `co_await` gives a frame of the registry's pool for that format, within the port's quota. At the byte budget it waits
    /// for memory, up to EngineConfig::memory_wait. Throws FormatError, BudgetExhausted, std::bad_alloc. Its header is empty
    /// but for the crop, which is the whole.
    [[nodiscard]] auto acquire(const VideoFormat& format, BufferRequirements requirements = {}) noexcept {
        return detail::FrameWait(*port_, format, requirements);
    }
    /// The same for sound; the header has `format` and `count`.
    [[nodiscard]] auto acquire(const AudioFormat& format, std::uint32_t count) noexcept {
        return detail::SamplesWait(*port_, format, count);
    }
    /// `co_await` gives the frame itself if this is its only handle, else a copy from the pool, within the quota.
    [[nodiscard]] auto writable(PooledFrame frame) noexcept { return detail::WritableWait(*port_, std::move(frame)); }
    /// `co_await` waits until a put and an acquire would not wait; false once nobody reads any more.
    [[nodiscard]] auto room() noexcept { return detail::RoomWait(*port_); }
    /// Says that nothing before that time will be put. Never waits.
    void put_gap(const Gap& gap) noexcept { port_->put_gap(gap); }
    /// Somebody is connected and still reads.
    [[nodiscard]] bool open() const noexcept { return port_->open(); }
    [[nodiscard]] const std::string& name() const noexcept { return port_->name(); }
    [[nodiscard]] detail::OutputPort<T>& port() const noexcept { return *port_; }

private:
    detail::OutputPort<T>* port_;
};

} // namespace weir
