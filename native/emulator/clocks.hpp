// Vector clocks: what a thread of a block knows to have happened before. ("Threads" here are all of Block::actors.)
//
// A thread's clock rises whenever it lets others know (a barrier, an arrival). An access at clock c of thread u happened before what
// thread t does now if t == u or t has heard of u's clock c. A barrier of the whole block makes everything before it known to all: it
// starts a new generation, and whatever was noted in an older one is void, so that the usual barrier costs nothing here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace emulated {

// Bits that a clock may have: it is packed with the thread.
constexpr int CLOCK_BITS = 22;
constexpr int MAX_ACTORS = 1 << (32 - CLOCK_BITS);
constexpr uint32_t MAX_CLOCK = (1u << CLOCK_BITS) - 1;

class Clocks {
 public:
  // Has it heard of clock `clock` of thread `thread` in this generation?
  bool knows(uint32_t generation, int thread, uint32_t clock) const {
    return generation_ == generation && values_[thread] >= clock;
  }

  void hear(uint32_t generation, int threads, int thread, uint32_t clock) {
    enter(generation, threads);
    values_[thread] = std::max(values_[thread], clock);
  }

  void join(uint32_t generation, int threads, const Clocks& other) {
    if (other.generation_ != generation) return;
    enter(generation, threads);
    for (int i = 0; i < threads; i++) values_[i] = std::max(values_[i], other.values_[i]);
  }

  void forget() { generation_ = 0; }

 private:
  void enter(uint32_t generation, int threads) {
    if (generation_ == generation) return;
    generation_ = generation;
    values_.assign(threads, 0);
  }

  uint32_t generation_ = 0;  // 0: knows of nothing
  std::vector<uint32_t> values_;
};

}  // namespace emulated
