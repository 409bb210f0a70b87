// Boost.Lockfree reads the link of a node that another thread may have taken in the meantime, and throws what it read
// away when the tag then differs. The thread sanitizer cannot know that. Nothing of ours runs inside these functions.
#if defined(__SANITIZE_THREAD__)
#define WEIR_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_THREAD_SANITIZER 1
#endif
#endif

#ifdef WEIR_THREAD_SANITIZER
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "race:boost::lockfree::stack\n"
           "race:boost::lockfree::detail\n";
}
#endif
