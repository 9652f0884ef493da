// The threads of a block as fibres on one thread of the process.
//
// A fibre runs until it waits: for its warp (Warp::meet), at a barrier, or for a condition (waitUntil). Then the next fibre that can
// run does, lanes of the same warp first. When none can, waiting conditions are looked at again, then the oldest deferred operation
// is done, and when there is none the block is stuck: that is reported with what each thread waits for, instead of hanging.
//
// A check that fails leaves the block for good (fail): the fibres' frames are dropped without unwinding, so nothing in a kernel may
// own memory, and neither may the emulator across a call that can fail.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "clocks.hpp"

namespace emulated {

using Site = std::source_location;

constexpr int LANES = 32;
constexpr uint32_t EVERY_LANE = 0xffffffffu;
constexpr int MAX_THREADS = 1024;
constexpr int MAX_WARPS = MAX_THREADS / LANES;
constexpr int BARRIERS = 16;
// mbarriers of a block whose bulk copies have a clock of their own.
constexpr int COPY_BARRIERS = 32;
// What a block may ask for on compute capability 9.0.
constexpr int MAX_SHARED_BYTES = 227 * 1024;

struct Dimensions {
  unsigned x, y, z;
};

// Unrolled or instantiated copies of one call have the same line and column.
inline bool sameSite(const Site& a, const Site& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

struct Block;
struct Warp;

// A copy from global to shared memory that has been asked for and not been waited for.
struct PendingCopy {
  uint32_t to;         // byte in the block's shared memory
  const void* from;    // null: zeros
  Site site;
};

struct Thread {
  void* stackPointer = nullptr;
  Block* block = nullptr;
  Warp* warp = nullptr;
  int number = 0;
  int lane = 0;
  Dimensions index{};
  bool exited = false;
  // What it waits for, for reports; the operation is null while it can run.
  const char* waitsFor = nullptr;
  Site waitsAt;

  uint32_t clock = 1;
  Clocks known;

  // Groups of asynchronous copies, oldest first; the last one is still being formed.
  std::deque<std::vector<PendingCopy>> copies{1};
};

// Runs on the OS thread that owns the block; always the thread whose code is running.
extern thread_local Thread* current __attribute__((tls_model("initial-exec")));

struct Warp {
  Block* block = nullptr;
  int number = 0;
  uint32_t runnable = 0;
  uint32_t met = 0;  // lanes that wait at the warp's present operation
  const char* operation = nullptr;
  Site site;
  void* operands[LANES] = {};

  // An operation of all 32 lanes: waits until all are at this one; the last to come does it for all. `complete` gets the lanes'
  // operands, which live on their stacks until then; it must not wait.
  template <typename Complete>
  void meet(const char* name, const Site& where, void* operand, Complete complete);

 private:
  void begin(const char* name, const Site& where);
  void join(const Site& where, const char* name);
};

// A barrier of some threads. An arrival without waiting lets others know; a wait also hears.
struct Barrier {
  int expected = 0;  // 0: nobody is there
  int arrived = 0;
  bool allWait = true;
  uint32_t came[MAX_WARPS] = {};
  uint32_t waiting[MAX_WARPS] = {};
  Site firstSite;
  Clocks clocks;
};

struct Waiter {
  Thread* thread;
  std::function<bool()> ready;
};

struct Kernel {
  const char* name;
  uint64_t argumentBytes;
  int threads;  // at most
  void (*run)(const void* arguments);
};

class SharedMemory;
class HopperUnits;

// One block that runs; its memory is used again for the next.
struct Block {
  Block();
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Runs all threads to their end. False when a check failed: `fault` says which.
  bool run(const Kernel& kernel, const void* arguments, Dimensions grid, Dimensions index, int threads, int sharedBytes, int capability);

  // Everything so far is known to all threads from here on.
  void newGeneration();
  // The running thread has marked itself as waiting: goes on with another one.
  void suspend();
  void wake(Thread& thread);

  // Who has a clock: the threads; then each warp's asynchronous products; then the bulk copies of each mbarrier. What these do is known to
  // a thread only once it has waited for them, whatever it knows of the thread that asked.
  int actors() const { return threads + warps + COPY_BARRIERS; }
  int productsOf(int warpNumber) const { return threads + warpNumber; }
  int copiesOf(int barrierNumber) const { return threads + warps + barrierNumber; }

  const Kernel* kernel = nullptr;
  const void* arguments = nullptr;
  Dimensions grid{};
  Dimensions dimensions{};
  Dimensions index{};
  int threads = 0;
  int sharedBytes = 0;
  int capability = 0;  // of the device: 90 for sm_90
  uint32_t generation = 1;
  std::string fault;

  SharedMemory* shared = nullptr;
  std::vector<Thread> thread;
  Warp warp[MAX_WARPS];
  int warps = 0;
  int alive = 0;
  Barrier barrier[BARRIERS];
  std::vector<Waiter> waiters;
  // Work of engines that run beside the threads. Done as late as can be: when no thread can go on without.
  std::deque<std::function<void()>> deferred;
  // Null until a kernel uses what sm_90a adds.
  std::unique_ptr<HopperUnits> hopper;
  void* mainStackPointer = nullptr;

 private:
  void begin();
  Thread* next();
  bool wakeWaiters();
  [[noreturn]] void reportStuck();
  [[noreturn]] void exitThread();
  static void enterThread();

  char* stacks_ = nullptr;
};

// Ends the block with a report; `what` says what was found and what was expected.
[[noreturn]] void fail(const Thread& thread, const Site& site, std::string&& what);

// The running thread goes on once `ready` says so. It is asked when no other thread can run, and must be cheap and not wait.
void waitUntil(const char* what, const Site& site, std::function<bool()> ready);

// Lets `clocks` know what `thread` has done so far.
void release(Thread& thread, Clocks& clocks);
// `thread` hears what `clocks` knows.
void acquire(Thread& thread, const Clocks& clocks);

// Barrier 0 is that of syncThreads.
void syncBlock(const Site& site);
void syncBarrier(int id, int threads, const Site& site);
void arriveAtBarrier(int id, int threads, const Site& site);
void syncLanes(const Site& site);

template <typename Complete>
void Warp::meet(const char* name, const Site& where, void* operand, Complete complete) {
  Thread& self = *current;
  if (met == 0) {
    begin(name, where);
  } else {
    join(where, name);
  }
  operands[self.lane] = operand;
  met |= 1u << self.lane;
  if (met == EVERY_LANE) {
    met = 0;
    complete(operands);
    runnable = EVERY_LANE;
    return;
  }
  runnable &= ~(1u << self.lane);
  block->suspend();
}

inline void Warp::begin(const char* name, const Site& where) {
  operation = name;
  site = where;
}

[[noreturn]] void reportDivergence(const Warp& warp, const char* name, const Site& where);

inline void Warp::join(const Site& where, const char* name) {
  if (std::bit_cast<uint64_t>(site) != std::bit_cast<uint64_t>(where) && !sameSite(site, where)) reportDivergence(*this, name, where);
}

}  // namespace emulated
