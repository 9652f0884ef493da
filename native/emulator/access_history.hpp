// Who last touched each byte of a block's shared memory, and whether the next access is ordered after it.
//
// After FastTrack (Flanagan and Freund, 2009): for a piece of memory the last write and the reads since are kept as stamps (generation,
// thread, clock); an access that does not know of a conflicting stamp (see Clocks) is a race, whatever order the emulator ran in.
// Stamps of an older generation are known to everybody. Lines of 16 bytes are one piece until a smaller access splits them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler.hpp"

namespace emulated {

class AccessHistory {
 public:
  AccessHistory();

  // Nothing of the next block's memory has been written.
  void begin(const Block& block);
  void forgetReaders();

  // Offsets and sizes in bytes; powers of two up to 16, aligned.
  void read(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site);
  void write(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site);
  // A read whose value goes to all lanes of the reader's warp: each must know of the write.
  void readForWarp(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site);
  // The same for an asynchronous product of the warp, which `actor` does at its clock `clock`: it goes on until somebody hears of that.
  void readForProduct(const Thread& thread, int actor, uint32_t clock, uint32_t offset, uint32_t bytes, const Site& site);
  // Between the two, nobody may touch the bytes, whole lines. The write is `thread`'s at its present clock, then `actor`'s at `clock`.
  void startCopy(Thread& thread, uint32_t offset, uint32_t bytes, const Site& site);
  void finishCopy(int actor, uint32_t clock, uint32_t offset, uint32_t bytes, const Site& site);

 private:
  struct Piece {
    uint64_t write = 0;  // stamp
    uint64_t read = 0;   // stamp of the last read since the write
    int32_t writeSite = 0;
    int32_t readSite = 0;
    uint32_t readers = 0;  // of this generation, when `read` alone does not say all: index into readers_
    bool copying = false;
  };

  // Threads that read a piece in this generation, with the clock of each.
  struct Readers {
    static constexpr int FEW = 14;
    int count = 0;
    int table = -1;  // beyond few: first of the actors' clocks in tables_
    uint32_t stamps[FEW];
  };

  struct Access;

  template <typename Visit>
  void visit(uint32_t offset, uint32_t bytes, Visit visit);
  void split(uint32_t line, uint32_t bytes);
  void checkRead(const Piece& piece, const Thread& reader, const Access& access) const;
  void readForLanes(const Thread& thread, uint64_t mine, const Access& access);
  void noteRead(Piece& piece, const Thread& reader, uint64_t mine, const Access& access);
  void checkWrite(const Piece& piece, const Access& access) const;
  void addReader(Piece& piece, uint32_t stamp);
  void add(Readers& readers, uint32_t stamp);
  uint64_t stampOf(int actor, uint32_t clock) const;
  bool unordered(const Thread& thread, uint64_t stamp) const;
  // Stamp of a reader that `thread` does not know of, or 0.
  uint64_t unorderedReader(const Piece& piece, const Thread& thread) const;
  // Nothing orders `stamp` before what `later` does.
  [[noreturn]] void reportRace(const Access& access, const Thread& later, const char* what, uint64_t stamp, int32_t site) const;
  std::string nameOf(uint64_t stamp) const;
  [[noreturn]] static void reportCopying(const Access& access, const Piece& piece);

  const Block* block_ = nullptr;
  uint64_t firstGeneration_ = 0;  // of this block
  std::vector<Piece> lines_;      // whole lines
  std::vector<Piece> pieces_;     // 16 for each line, of which those at multiples of its granule count
  std::vector<uint8_t> granules_;
  std::vector<Readers> readers_;
  std::vector<uint32_t> tables_;
};

}  // namespace emulated
