// pool_attention: softmax attention of one constant query over each sequence, all in f32.
//
// Formula    out = sum_k p[k] v[k] / sum_k p[k],  p[k] = 2^(scaleLog2e * (query . key[k] - max)), k over the first keyLength rows
// Shapes     query f32 [width], kv f16 [rows, 2 * width] (keys, values, each by head), out f16 [sequences, width]; head widths of 8 to 128,
//            multiples of 8, so that a head's row is whole 16-byte vectors
// Grid       (heads, sequences); chunks of 128 keys, with a running maximum
// Threads    Head width 72 is 9 vectors per row: 14 groups of 9 threads read 14 rows at a time, each row 144 consecutive bytes. Each thread
//            keeps its 8 columns of the query and of the sum in registers; partial dot products meet in shared memory, where one thread per
//            key adds them in the order of columns. Everything is summed in an order that the key's place in its sequence gives.
// Shared     partial products 128 * 17 * 4, weights 512, one float per warp.
// built: pool_attention, 128 threads, 9232 bytes of dynamic shared memory; registers sm_80 56, sm_90a 56
// Work       729 tokens, 16 heads of 72: 3.4 MB read and 3.4 MFLOP per image. Roof on an H100: HBM at 3.35 TB/s, 1.0 us per image.
// Test       native/emulator/test/attention_test.cpp (float64 loops); PoolCases of the op contract.
#include <cmath>

#include "device.cuh"
#include "reduce.cuh"

namespace {

struct PoolAttentionArguments {
  Global<float> query;  // [heads * headWidth]
  Global<f16> kv;  // [rows, 2 * heads * headWidth]: keys, values
  Global<f16> out;  // [sequences, heads * headWidth]
  Global<int32_t> sequences;  // [sequences]: first row, rows, key length, 0
  int32_t heads;
  int32_t headWidth;
  int32_t kvPitch;
  int32_t outPitch;
  float scaleLog2e;  // log2(e) / sqrt(headWidth)
};

constexpr int THREADS = 128;
constexpr int CHUNK = THREADS;  // keys at a time: one a thread in the softmax
constexpr int MAX_VECTORS = 16;  // 16-byte vectors of a head's row: head width at most 128
constexpr int VECTOR = 8;

constexpr int WARPS = THREADS / WARP;

// Shared memory, in bytes: partial dot products of a chunk (at the end: partial sums of values), weights of a chunk, a float a warp.
// Rows of partial products are an odd number of floats apart, so that a column of them meets every bank.
constexpr int PARTIALS = CHUNK * (MAX_VECTORS + 1);
constexpr int WEIGHTS_AT = PARTIALS * sizeof(float);
constexpr int WARPS_AT = WEIGHTS_AT + CHUNK * sizeof(float);

// Which part of a row this thread reads: `vector` of every key that is `group` modulo `groups`. Threads beyond the last group idle.
struct Part {
  int vectors;
  int groups;
  int group;
  int vector;
};

DEVICE Part partOf(int thread, int headWidth) {
  int vectors = headWidth / VECTOR;
  return {vectors, THREADS / vectors, thread / vectors, thread % vectors};
}

// Dot products of this thread's 8 columns with the chunk's keys.
DEVICE void multiplyKeys(const PoolAttentionArguments& args, const Part& part, const float (&q)[VECTOR], int64_t keysAt, int keys,
                         Shared<float> sPartials) {
#pragma unroll 4
  for (int key = part.group; key < keys; key += part.groups) {
    Vector<f16, VECTOR> k = args.kv.load<VECTOR>(keysAt + static_cast<int64_t>(key) * args.kvPitch);
    float sum = 0;
    for (int i = 0; i < VECTOR; i++) {
      sum = fmaf(q[i], toFloat(k[i]), sum);
    }
    sPartials.set(key * (part.vectors | 1) + part.vector, sum);
  }
}

// This thread's 8 columns of the weighted sum of the chunk's values, added to `sums`.
DEVICE void addValues(const PoolAttentionArguments& args, const Part& part, int64_t valuesAt, int keys, Shared<float> sWeights,
                      float (&sums)[VECTOR]) {
#pragma unroll 4
  for (int key = part.group; key < keys; key += part.groups) {
    Vector<f16, VECTOR> v = args.kv.load<VECTOR>(valuesAt + static_cast<int64_t>(key) * args.kvPitch);
    float weight = sWeights.get(key);
    for (int i = 0; i < VECTOR; i++) {
      sums[i] = fmaf(weight, toFloat(v[i]), sums[i]);
    }
  }
}

// The sum of the groups' values, in the groups' order, divided by the sum of weights.
DEVICE void writeRow(const PoolAttentionArguments& args, const Part& part, const float (&sums)[VECTOR], float totalWeight, int64_t outAt,
                     Shared<float> sSums) {
  if (part.group < part.groups) {
    for (int i = 0; i < VECTOR; i++) {
      sSums.set(part.group * args.headWidth + part.vector * VECTOR + i, sums[i]);
    }
  }
  syncThreads();
  int column = threadIdx.x;
  if (column < args.headWidth) {
    float sum = 0;
    for (int group = 0; group < part.groups; group++) {
      sum += sSums.get(group * args.headWidth + column);
    }
    args.out.set(outAt + column, toHalf(sum / totalWeight));
  }
}

}  // namespace

KERNEL(pool_attention, PoolAttentionArguments, THREADS, 8) {
  int head = blockIdx.x;
  int thread = threadIdx.x;
  Vector<int32_t, 4> sequence = args.sequences.load<4>(static_cast<int64_t>(blockIdx.y) * 4);
  int firstRow = sequence[0];
  int keyLength = sequence[2];
  Part part = partOf(thread, args.headWidth);
  Shared<float> sPartials = sharedArray<float>(0, PARTIALS);
  Shared<float> sWeights = sharedArray<float>(WEIGHTS_AT, CHUNK);
  Shared<float> sWarps = sharedArray<float>(WARPS_AT, WARPS);

  int headColumn = head * args.headWidth;
  int64_t keysAt = static_cast<int64_t>(firstRow) * args.kvPitch + headColumn + part.vector * VECTOR;
  int64_t width = args.heads * args.headWidth;
  float q[VECTOR];
  float sums[VECTOR];
  for (int i = 0; i < VECTOR; i++) {
    q[i] = args.query.get(headColumn + part.vector * VECTOR + i);
    sums[i] = 0;
  }
  float largest = -INFINITY;
  float sumOfWeights = 0;  // of the keys that this thread is in charge of
  for (int first = 0; first < keyLength; first += CHUNK) {
    int keys = keyLength - first < CHUNK ? keyLength - first : CHUNK;
    int64_t at = keysAt + static_cast<int64_t>(first) * args.kvPitch;
    if (part.group < part.groups) {
      multiplyKeys(args, part, q, at, keys, sPartials);
    }
    syncThreads();
    float score = -INFINITY;
    if (thread < keys) {
      score = 0;
      for (int vector = 0; vector < part.vectors; vector++) {
        score += sPartials.get(thread * (part.vectors | 1) + vector);
      }
      score *= args.scaleLog2e;
    }
    float newLargest = fmaxf(largest, blockMax<WARPS>(score, sWarps));
    float correction = exp2Approximate(largest - newLargest);
    float weight = exp2Approximate(score - newLargest);
    largest = newLargest;
    sumOfWeights = fmaf(sumOfWeights, correction, weight);
    sWeights.set(thread, weight);
    syncThreads();
    for (int i = 0; i < VECTOR; i++) {
      sums[i] *= correction;
    }
    if (part.group < part.groups) {
      addValues(args, part, at + width, keys, sWeights, sums);
    }
  }
  float totalWeight = blockSum<WARPS>(sumOfWeights, sWarps);
  writeRow(args, part, sums, totalWeight, static_cast<int64_t>(blockIdx.y) * args.outPitch + headColumn, sPartials);
}

LAUNCH_FACT(pool_attention, sharedBytes, WARPS_AT + WARPS * sizeof(float))
