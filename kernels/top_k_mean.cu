// top_k_mean: the mean of the k largest scores of each sequence and concept (of all, where there are fewer than k).
//
// Formula    out = (sum of the scores above kth + kth * (k - their number)) / k,  kth = the k-th largest
// Shapes     scores f32 [rows, concepts], out f32 [sequences, concepts]; any key length, any k from 1
// Grid       (concepts, sequences): a block has one column of one sequence
// Select     Radix select with digits of one bit, from the top: 32 rounds, each counts the scores that reach a candidate by warp votes and
//            one barrier. Counts are integers and sums are in the order of rows, so nothing depends on the batch. Histograms of 8 bits would
//            need 4 rounds, but scores of one concept share their upper bits: their atomic adds would meet in one counter.
// Shared     1024 scores 4096, two sets of counts 32, sums 16.
// built: top_k_mean, 128 threads, 4144 bytes of dynamic shared memory; registers sm_80 28, sm_90a 30
// Work       729 rows, C concepts: each score lies in a sector of its own for the block that reads it (its neighbours' blocks use the rest,
//            from L2): 23 KB of sectors and 32 * 729 comparisons per block. Roof: the latency of 32 rounds; 16 blocks per SM hide each other's.
// Test       native/emulator/test/similarity_test.cpp (sorting); SimilarityCases of the op contract.
#include <cmath>

#include "device.cuh"
#include "reduce.cuh"

namespace {

struct TopKMeanArguments {
  Global<float> scores;  // [rows, concepts]
  Global<int32_t> sequences;  // [sequences]: first row, rows, key length, 0
  Global<float> out;  // [sequences, concepts]
  int32_t concepts;
  int32_t scoresPitch;
  int32_t outPitch;
  int32_t k;
};

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / WARP;
constexpr int CACHED = 1024;  // scores kept in shared memory; those beyond are read again in every round

constexpr int COUNTS_AT = CACHED * sizeof(uint32_t);  // two sets, used in turn: a set is read while the next is written
constexpr int SUMS_AT = COUNTS_AT + 2 * WARPS * sizeof(int32_t);

// Unsigned integers that order as the floats do.
DEVICE uint32_t orderedBits(float value) {
  uint32_t bits = floatBits(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

DEVICE float fromOrderedBits(uint32_t ordered) { return bitsFloat(ordered & 0x80000000u ? ordered & 0x7fffffffu : ~ordered); }

// The scores of one sequence and concept, as ordered bits.
struct Column {
  Global<float> scores;
  Shared<uint32_t> sCached;
  int64_t first;
  int pitch;
  int length;

  DEVICE uint32_t read(int i) const { return orderedBits(scores.get(first + static_cast<int64_t>(i) * pitch)); }
  DEVICE uint32_t get(int i) const { return i < CACHED ? sCached.get(i) : read(i); }
};

// How many scores are `limit` or more, to all threads. Calls take turns with the two sets of counts.
DEVICE int countFrom(const Column& column, uint32_t limit, Shared<int32_t> sCounts, int set) {
  int thread = threadIdx.x;
  int count = 0;
  for (int base = 0; base < column.length; base += THREADS) {
    int i = base + thread;
    count += bitCount(voteMask(i < column.length && column.get(i) >= limit));
  }
  if (thread % WARP == 0) {
    sCounts.set(set * WARPS + thread / WARP, count);
  }
  syncThreads();
  int total = 0;
  for (int warp = 0; warp < WARPS; warp++) {
    total += sCounts.get(set * WARPS + warp);
  }
  return total;
}

// Sum of the scores above `limit`: each thread's in order of rows, then a tree over the threads that is always the same.
DEVICE float sumAbove(const Column& column, uint32_t limit, Shared<float> sSums) {
  int thread = threadIdx.x;
  float sum = 0;
  for (int i = thread; i < column.length; i += THREADS) {
    uint32_t score = column.get(i);
    if (score > limit) {
      sum += fromOrderedBits(score);
    }
  }
  return blockSum<WARPS>(sum, sSums);
}

}  // namespace

KERNEL(top_k_mean, TopKMeanArguments, THREADS, 16) {
  int conceptColumn = blockIdx.x;
  int thread = threadIdx.x;
  Vector<int32_t, 4> sequence = args.sequences.load<4>(static_cast<int64_t>(blockIdx.y) * 4);
  Column column{args.scores, sharedArray<uint32_t>(0, CACHED), static_cast<int64_t>(sequence[0]) * args.scoresPitch + conceptColumn,
                args.scoresPitch, sequence[2]};
  Shared<int32_t> sCounts = sharedArray<int32_t>(COUNTS_AT, 2 * WARPS);
  for (int i = thread; i < column.length && i < CACHED; i += THREADS) {
    column.sCached.set(i, column.read(i));
  }
  syncThreads();

  // The k-th largest, bit by bit from the top: a bit stays where k or more scores have it and all bits found so far. The candidate that
  // was rejected last is the k-th largest plus one, so its count is the number of scores above.
  int k = args.k < column.length ? args.k : column.length;
  uint32_t kth = 0;
  int above = 0;
  for (int bit = 31; bit >= 0; bit--) {
    uint32_t candidate = kth | 1u << bit;
    int count = countFrom(column, candidate, sCounts, bit % 2);
    if (count >= k) {
      kth = candidate;
    } else {
      above = count;
    }
  }
  float sum = sumAbove(column, kth, sharedArray<float>(SUMS_AT, WARPS));
  if (thread == 0) {
    float total = fmaf(static_cast<float>(k - above), fromOrderedBits(kth), sum);
    args.out.set(static_cast<int64_t>(blockIdx.y) * args.outPitch + conceptColumn, total / static_cast<float>(k));
  }
}

LAUNCH_FACT(top_k_mean, sharedBytes, SUMS_AT + WARPS * sizeof(float))
