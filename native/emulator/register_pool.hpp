// setmaxnreg: registers that warpgroups of a block pass on to each other. PTX ISA, "setmaxnreg".
#pragma once

#include "scheduler.hpp"

namespace emulated {

class RegisterPool {
 public:
  // ASSUMPTION: the kernel was compiled to as many registers as this many threads can have, as launch bounds let the compiler do.
  explicit RegisterPool(int threads);

  // For all lanes of the running warp; an increase waits until the pool has enough. Waits for the other warps of the warpgroup, which the
  // hardware may or may not: a warp that never comes is a defect in any case.
  void set(int count, bool increase, const Site& site);

 private:
  struct Request {
    int number = 0;  // how many the warp has made
    int count = 0;
    bool increase = false;
    bool granted = true;
    Site site;
  };

  void request(int warp, int count, bool increase, const Site& site);
  bool grant(int warp);

  int free_;  // in registers a thread, of one warp
  int owned_[MAX_WARPS];
  Request requests_[MAX_WARPS];
};

}  // namespace emulated
