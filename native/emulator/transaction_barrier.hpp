// mbarrier: barriers in shared memory that count arrivals and bytes of bulk copies. PTX ISA, "mbarrier".
#pragma once

#include <cstdint>
#include <unordered_map>

#include "scheduler.hpp"

namespace emulated {

class TransactionBarriers {
 public:
  // `place` is the barrier's byte in shared memory.
  void init(uint32_t place, int arrivals, const Site& site);
  // What the running thread has initialised is visible to bulk copies from here on.
  void fenceInit();
  void arrive(uint32_t place, const Site& site);
  void arriveExpect(uint32_t place, int bytes, const Site& site);
  void wait(uint32_t place, int parity, const Site& site);

  // For a bulk copy that the running thread asks for: is the barrier one that it may name?
  void requireForCopy(uint32_t place, const Site& site);
  // Who does the copies of a barrier, and its clock, which each copy puts forward.
  struct Copier {
    int actor;
    uint32_t clock;
  };
  Copier nextCopy(uint32_t place);
  // A copy has brought `bytes`; `thread` asked for it.
  void completeBytes(uint32_t place, uint32_t bytes, const Thread& thread, const Site& site);

 private:
  struct State {
    int expected;
    int pending;          // arrivals that the phase still waits for
    int64_t bytes = 0;    // as arrivals, counted down; below zero where bytes come before they are announced
    uint32_t phase = 0;
    bool fenced = false;
    const Thread* owner;  // who initialised it, and when
    uint32_t generation;
    uint32_t clock;
    int copies;           // the actor that does its bulk copies
    uint32_t copied = 0;  // that actor's clock
    Clocks arriving;      // of the current phase
    Clocks completed;     // of the one before
  };

  State& require(uint32_t place, const Site& site);
  void countArrival(State& state, const Site& site);
  static void endPhase(State& state);

  std::unordered_map<uint32_t, State> states_;
};

}  // namespace emulated
