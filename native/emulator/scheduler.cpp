#include "scheduler.hpp"

#include <sys/mman.h>

#include <new>

#include "hopper_units.hpp"
#include "shared_memory.hpp"
#include "text.hpp"

extern "C" void emulatedSwitch(void** saved, void* next);

namespace emulated {

thread_local Thread* current __attribute__((tls_model("initial-exec"))) = nullptr;

namespace {

constexpr size_t PAGE = 4096;
// Kernels keep tiles of a few KiB in registers; their twins lie on the stack.
constexpr size_t STACK_BYTES = 64 * 1024;

// All stacks begin at different places inside their page: else the live frames of a warp would fall into the same few cache sets.
size_t stackShift(int number) { return static_cast<size_t>(number) * 1088 % 8192 / 16 * 16; }

}  // namespace

Block::Block() : shared(new SharedMemory()), thread(MAX_THREADS) {
  void* memory = mmap(nullptr, MAX_THREADS * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  stacks_ = static_cast<char*>(memory);
  for (int i = 0; i < MAX_THREADS; i++) {
    // The lowest page of a stack guards it.
    if (mprotect(stacks_ + i * STACK_BYTES, PAGE, PROT_NONE) != 0) throw std::bad_alloc();
    thread[i].block = this;
    thread[i].number = i;
    thread[i].lane = i % LANES;
    thread[i].warp = &warp[i / LANES];
    thread[i].index = {static_cast<unsigned>(i), 0, 0};
  }
  for (int i = 0; i < MAX_WARPS; i++) {
    warp[i].block = this;
    warp[i].number = i;
  }
}

Block::~Block() {
  munmap(stacks_, MAX_THREADS * STACK_BYTES);
  delete shared;
}

bool Block::run(const Kernel& of, const void* with, Dimensions gridSize, Dimensions at, int threadCount, int dynamicBytes,
                int deviceCapability) {
  kernel = &of;
  arguments = with;
  grid = gridSize;
  dimensions = {static_cast<unsigned>(threadCount), 1, 1};
  index = at;
  threads = threadCount;
  sharedBytes = dynamicBytes;
  capability = deviceCapability;
  fault.clear();
  begin();
  current = &thread[0];
  emulatedSwitch(&mainStackPointer, thread[0].stackPointer);
  current = nullptr;
  waiters.clear();
  deferred.clear();
  if (fault.empty() && hopper != nullptr) {
    std::string left = hopper->finish();
    if (!left.empty()) fault = text("kernel ", kernel->name, ", block (", index.x, ", ", index.y, ", ", index.z, "): ", left);
  }
  hopper.reset();
  return fault.empty();
}

void Block::begin() {
  // Stamps of old blocks must stay older than all that a block can reach.
  if (generation > UINT32_MAX / 2) {
    generation = 1;
    shared->forgetAll();
  }
  newGeneration();
  shared->begin(*this);
  warps = (threads + LANES - 1) / LANES;
  alive = threads;
  for (int i = 0; i < warps; i++) {
    int lanes = std::min(LANES, threads - i * LANES);
    warp[i].runnable = lanes == LANES ? EVERY_LANE : (1u << lanes) - 1;
    warp[i].met = 0;
  }
  for (Barrier& each : barrier) each = Barrier();
  for (int i = 0; i < threads; i++) {
    Thread& each = thread[i];
    each.exited = false;
    each.waitsFor = nullptr;
    each.clock = 1;
    each.known.forget();
    if (each.copies.size() != 1 || !each.copies.front().empty()) each.copies.assign(1, {});
    // What emulatedSwitch takes from a stack: six registers and where to go on; the zero above stands for a return address.
    void** top = reinterpret_cast<void**>(stacks_ + (i + 1) * STACK_BYTES - stackShift(i));
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&Block::enterThread);
    for (int r = 0; r < 6; r++) *--top = nullptr;
    each.stackPointer = top;
  }
}

void Block::enterThread() {
  Block& block = *current->block;
  block.kernel->run(block.arguments);
  block.exitThread();
}

void Block::exitThread() {
  Thread& self = *current;
  self.exited = true;
  self.warp->runnable &= ~(1u << self.lane);
  alive--;
  Thread* following = next();
  void* dropped;
  current = following;
  emulatedSwitch(&dropped, following == nullptr ? mainStackPointer : following->stackPointer);
  __builtin_unreachable();
}

void Block::newGeneration() {
  generation++;
  shared->newGeneration();
}

void Block::suspend() {
  Thread& self = *current;
  Thread* following = next();
  if (following == &self) return;
  current = following;
  emulatedSwitch(&self.stackPointer, following->stackPointer);
}

void Block::wake(Thread& sleeper) {
  sleeper.waitsFor = nullptr;
  sleeper.warp->runnable |= 1u << sleeper.lane;
}

// Null when all threads have exited and nothing is left to do.
Thread* Block::next() {
  const Thread& self = *current;
  const Warp& own = *self.warp;
  if (own.runnable != 0) {
    int first = (self.lane + 1) % LANES;
    int lane = (first + std::countr_zero(std::rotr(own.runnable, first))) % LANES;
    return &thread[own.number * LANES + lane];
  }
  for (;;) {
    for (int i = 1; i <= warps; i++) {
      const Warp& other = warp[(own.number + i) % warps];
      if (other.runnable != 0) return &thread[other.number * LANES + std::countr_zero(other.runnable)];
    }
    if (wakeWaiters()) continue;
    if (!deferred.empty()) {
      // In place: a report from inside drops the frame, and the queue still owns the operation.
      deferred.front()();
      deferred.pop_front();
      continue;
    }
    if (alive == 0) return nullptr;
    reportStuck();
  }
}

bool Block::wakeWaiters() {
  bool woken = false;
  for (size_t i = 0; i < waiters.size();) {
    if (waiters[i].ready()) {
      wake(*waiters[i].thread);
      waiters.erase(waiters.begin() + static_cast<std::ptrdiff_t>(i));
      woken = true;
    } else {
      i++;
    }
  }
  return woken;
}

namespace {

// What a thread of a stuck block is at.
struct Standstill {
  const char* what;  // null: it has exited
  Site site;
  int first;
  int count;
};

void note(std::vector<Standstill>& all, const char* what, const Site& site, int thread) {
  for (Standstill& each : all) {
    if (each.what == what && (what == nullptr || sameSite(each.site, site))) {
      each.count++;
      return;
    }
  }
  all.push_back({what, site, thread, 1});
}

}  // namespace

void Block::reportStuck() {
  std::string report;
  const Thread* first = nullptr;
  Site firstSite;
  {
    std::vector<Standstill> all;
    for (int i = 0; i < threads; i++) {
      const Thread& each = thread[i];
      bool met = (each.warp->met >> each.lane & 1) != 0;
      const char* what = each.exited ? nullptr : met ? each.warp->operation : each.waitsFor;
      Site site = met ? each.warp->site : each.waitsAt;
      note(all, what, site, i);
      if (!each.exited && first == nullptr) {
        first = &each;
        firstSite = site;
      }
    }
    report = "stuck:";
    for (const Standstill& each : all) {
      append(report, text(&each == all.data() ? " " : "; ", each.count, " threads, the first is ", each.first, ", "));
      append(report, each.what == nullptr ? std::string("have exited") : text("wait in ", each.what, " (", each.site, ")"));
    }
    append(report, std::string("; nobody can go on"));
  }
  fail(*first, firstSite, std::move(report));
}

void fail(const Thread& thread, const Site& site, std::string&& what) {
  Block& block = *thread.block;
  block.fault = text("kernel ", block.kernel->name, ", block (", block.index.x, ", ", block.index.y, ", ", block.index.z, "), thread ",
                     thread.number, ", ", site, ": ", what);
  what = std::string();
  void* dropped;
  emulatedSwitch(&dropped, block.mainStackPointer);
  __builtin_unreachable();
}

void reportDivergence(const Warp& warp, const char* name, const Site& where) {
  int waiting = warp.number * LANES + std::countr_zero(warp.met);
  fail(*current, where,
       text("divergent: the lanes of a warp must come to the same operation, this one is at ", name, ", thread ", waiting, " is at ",
            warp.operation, " (", warp.site, ")"));
}

void waitUntil(const char* what, const Site& site, std::function<bool()> ready) {
  if (ready()) return;
  Thread& self = *current;
  self.waitsFor = what;
  self.waitsAt = site;
  self.warp->runnable &= ~(1u << self.lane);
  self.block->waiters.push_back({&self, std::move(ready)});
  self.block->suspend();
}

void release(Thread& thread, Clocks& clocks) {
  const Block& block = *thread.block;
  clocks.join(block.generation, block.actors(), thread.known);
  clocks.hear(block.generation, block.actors(), thread.number, thread.clock);
  if (thread.clock++ >= MAX_CLOCK) fail(thread, thread.waitsAt, "synchronises more often than the emulator can count");
}

void acquire(Thread& thread, const Clocks& clocks) { thread.known.join(thread.block->generation, thread.block->actors(), clocks); }

}  // namespace emulated
