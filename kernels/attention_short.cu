// attention_short_d64: softmax attention over packed sequences of at most 80 keys, such as short texts, on mma.sync (sm_80 and up).
//
// Formula    out[q] = sum_k p[q][k] v[k] / sum_k p[q][k],  p[q][k] = 2^((q.k - max_k q.k) * scaleLog2e), k over the first keyLength rows
// Shapes     qkv f16 [rows, 3 * width] (queries, keys, values, each by head), out f16 [rows, width]; sums and softmax f32, p f16 for P V
// Grid       (tiles, heads): tiles of at most tileRows queries of one sequence, 16 a warp; keyLength is at most maxKeys
// Which      The host gives a sequence to this kernel by its own number of keys, never by its neighbours': its bits are the same in every batch.
// Keys       All at once: a warp has the scores of its 16 queries and all keys in registers, so there is one maximum, one sum, no correction and
//            no loop over tiles. Groups of 16 keys that no key is in are neither copied nor multiplied. Values are on their way (cp.async) while
//            scores are computed. Rows from keyLength on are not read: they arrive as zeros and their scores are masked.
// Results    turn around in the place of the warp's own queries.
//
// Shared     (queries + keys + values) of 80 rows * pitch 72 * 2 bytes. A row is 9 pieces of 16 bytes, an odd number: ldmatrix and the results'
//            4-byte stores (4 g + t is 0 .. 31) have no bank conflicts.
// built: attention_short_d64, 160 threads, 34560 bytes of dynamic shared memory, tileRows=80 maxKeys=80; registers sm_80 71, sm_90a 71
//            Blocks per SM: 5 by registers and by shared memory (sm_90); 4 on an A100, 2 where an SM has 100 KiB.
//
// Work       128 texts of 8 to 77 tokens, evenly spread, 12 heads of 64: 5440 rows, 1536 blocks. With keys and queries in groups of 16 a text and
//            head is 2918 scores on average: 1.15 GFLOP, 4.5 M exponentials.
// Roofs      H200, 132 SMs at 1.83 GHz: HBM, 25.1 MB in and 8.4 MB out at 4.8 TB/s, 7.0 us, the limit (the rows may still lie in the L2 cache of
//            50 MB from the product before: then less). Shared memory at 128 bytes per clock and SM: 63 KB a block, 3.1 us. Exponentials 16 per
//            clock and SM: 1.2 us. Tensor cores: 1.2 us.
// Predicted  9 to 12 us on an H200 for these texts: 11.6 blocks an SM in rounds of 5, each about 2.5 us of latencies (table, copy, two products,
//            store), overlapping. Not measured. The general kernel, measured on an H200 for the same work: 41 us; cuDNN 9.19 takes 24 us for
//            64 texts.
// Test       native/emulator/test/attention_test.cpp (float64 loops), AttentionCases and InvarianceCases of the op contract.
#include "attention_results.cuh"

namespace {

struct AttentionArguments {
  Global<f16> qkv;        // [rows, 3 * width]: queries, keys, values
  Global<f16> out;        // [rows, width]
  Global<int32_t> tiles;  // [tiles]: first row, rows, first key row, key length
  int32_t width;
  int32_t qkvPitch;
  int32_t outPitch;
  float scaleLog2e;       // log2(e) / sqrt(head width)
};

constexpr int HEAD_WIDTH = 64;
constexpr int GROUP = 16;  // queries of a warp, and keys of one step of P V
constexpr int GROUPS = 5;
constexpr int MOST = GROUP * GROUPS;  // keys, and queries of a tile
constexpr int THREADS = GROUPS * WARP;
constexpr int PIECES = HEAD_WIDTH / 8;
constexpr int PITCH = HEAD_WIDTH + 8;
constexpr int MATRIX = MOST * PITCH;
constexpr int MATRIX_BYTES = MATRIX * 2;
constexpr float NEGATIVE_INFINITY = -__builtin_huge_valf();

// Of a warp's 16 queries. Lane l holds, of each fragment of sums, row l / 4 in [0] and [1] and row l / 4 + 8 in [2] and [3].
using Scores = float[2 * GROUPS][4];
using Out = float[PIECES][4];
struct Weights {
  uint32_t a[GROUPS][4];  // of the keys of a group, as A fragments
  float sum[2];           // of this lane's columns
};

// Rows `firstRow` .. `firstRow + rows` of one head to shared memory, with zeros behind them up to a whole group.
template <typename A>
DEVICE void copyRows(Shared<f16> to, const A& args, int firstRow, int rows, int column) {
  int pieces = (rows + GROUP - 1) / GROUP * GROUP * PIECES;
  for (int i = threadIdx.x; i < pieces; i += THREADS) {
    int row = i / PIECES, piece = i % PIECES;
    int64_t from = static_cast<int64_t>(firstRow + row) * args.qkvPitch + column + piece * 8;
    copyAsync16(to, row * PITCH + piece * 8, args.qkv, from, row < rows);
  }
}

// scores = Q K^T; groups without keys are left out.
DEVICE void multiplyKeys(Scores& scores, Shared<f16> sQueries, Shared<f16> sKeys, int firstQuery, int keys, int lane) {
  int queriesAt = (firstQuery + lane % 16) * PITCH + lane / 16 * 8;
  int keysAt = (lane / 16 * 8 + lane % 8) * PITCH + lane / 8 % 2 * 8;
#pragma unroll
  for (int step = 0; step < HEAD_WIDTH / 16; step++) {
    uint32_t q[4];
    loadMatrix4(q, sQueries, queriesAt + step * 16);
#pragma unroll
    for (int group = 0; group < GROUPS; group++) {
      if (group * GROUP < keys) {
        uint32_t k[4];
        loadMatrix4(k, sKeys, keysAt + group * GROUP * PITCH + step * 16);
        mma16816(scores[2 * group], q, {k[0], k[1]});
        mma16816(scores[2 * group + 1], q, {k[2], k[3]});
      }
    }
  }
}

// Weights 2^(scaled score - largest), those of keys from `keys` on 0. Two score fragments of 8 keys are, pair by pair, the A fragment of 16.
DEVICE void softmax(Weights& weights, Scores& scores, int keys, float scaleLog2e, int lane) {
  float largest[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY};
#pragma unroll
  for (int i = 0; i < 2 * GROUPS * 4; i++) {
    float& score = scores[i / 4][i % 4];
    if (i / 4 * 8 + lane % 4 * 2 + i % 2 >= keys) score = NEGATIVE_INFINITY;
    largest[i / 2 % 2] = fmaxf(largest[i / 2 % 2], score);
  }
  float shift[2];
#pragma unroll
  for (int half = 0; half < 2; half++) {
    largest[half] = fmaxf(largest[half], shuffleXor(largest[half], 1));
    largest[half] = fmaxf(largest[half], shuffleXor(largest[half], 2));
    shift[half] = -largest[half] * scaleLog2e;
    weights.sum[half] = 0;
  }
#pragma unroll
  for (int group = 0; group < GROUPS; group++) {
    if (group * GROUP < keys) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float (&pairs)[4] = scores[2 * group + i / 2];
        int half = i % 2;
        float first = exp2Approximate(fmaf(pairs[2 * half], scaleLog2e, shift[half]));
        float second = exp2Approximate(fmaf(pairs[2 * half + 1], scaleLog2e, shift[half]));
        weights.sum[half] += first + second;
        weights.a[group][i] = packHalves(first, second);
      }
    }
  }
}

// out = P V; groups without keys count for nothing.
DEVICE void multiplyValues(Out& out, const Weights& weights, Shared<f16> sValues, int keys, int lane) {
  int at = lane % 16 * PITCH + lane / 16 * 8;
#pragma unroll
  for (int group = 0; group < GROUPS; group++) {
    if (group * GROUP < keys) {
#pragma unroll
      for (int pair = 0; pair < PIECES / 2; pair++) {
        uint32_t v[4];
        loadMatrix4Transposed(v, sValues, at + group * GROUP * PITCH + pair * 16);
        mma16816(out[2 * pair], weights.a[group], {v[0], v[1]});
        mma16816(out[2 * pair + 1], weights.a[group], {v[2], v[3]});
      }
    }
  }
}

// Divides by the sums and writes the warp's first `queries` rows, in the place of its own queries, so that each store is a whole piece.
template <typename R>
DEVICE void writeRows(const Out& out, const float (&sums)[2], const R& results, int firstQuery, int firstRow, int queries, int column,
                      int lane) {
  auto staged = sharedArray<typename R::Element>(firstQuery * PITCH * 2, GROUP * PITCH);
  // All lanes have read their queries.
  syncWarp();
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float sum = sums[half];
    sum += shuffleXor(sum, 1);
    sum += shuffleXor(sum, 2);
    float factor = results.factor(sum);
    int at = (half * 8 + lane / 4) * PITCH + lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < PIECES; i++) {
      staged.template store<2>(at + i * 8, results.pair(out[i][2 * half] * factor, out[i][2 * half + 1] * factor));
    }
  }
  syncWarp();
  for (int i = lane; i < GROUP * PIECES; i += WARP) {
    int row = i / PIECES, piece = i % PIECES;
    if (row < queries) writePiece(results, firstRow + row, column + piece * 8, staged, row * PITCH + piece * 8);
  }
}

template <typename A, typename R>
DEVICE void attend(const A& args, const R& results) {
  Vector<int32_t, 4> tile = args.tiles.template load<4>(static_cast<int64_t>(blockIdx.x) * 4);
  int firstRow = tile[0], queries = tile[1], firstKey = tile[2], keys = tile[3];
  int column = blockIdx.y * HEAD_WIDTH;
  int lane = threadIdx.x % WARP;
  int firstQuery = threadIdx.x / WARP * GROUP;
  auto sQueries = sharedArray<f16>(0, MATRIX);
  auto sKeys = sharedArray<f16>(MATRIX_BYTES, MATRIX);
  auto sValues = sharedArray<f16>(2 * MATRIX_BYTES, MATRIX);

  copyRows(sQueries, args, firstRow, queries, column);
  copyRows(sKeys, args, firstKey, keys, args.width + column);
  copyAsyncCommit();
  copyRows(sValues, args, firstKey, keys, 2 * args.width + column);
  copyAsyncCommit();
  copyAsyncWait<1>();
  syncThreads();
  // Warps without queries only help to copy.
  bool works = firstQuery < queries;
  Weights weights = {};
  if (works) {
    Scores scores = {};
    multiplyKeys(scores, sQueries, sKeys, firstQuery, keys, lane);
    softmax(weights, scores, keys, args.scaleLog2e, lane);
  }
  copyAsyncWait<0>();
  syncThreads();
  if (works) {
    Out out = {};
    multiplyValues(out, weights, sValues, keys, lane);
    writeRows(out, weights.sum, results, firstQuery, firstRow + firstQuery, queries - firstQuery, column, lane);
  }
}

}  // namespace

KERNEL(attention_short_d64, AttentionArguments, THREADS, 5) { attend(args, HalfResults{args.out, args.outPitch}); }

LAUNCH_FACT(attention_short_d64, tileRows, MOST)
LAUNCH_FACT(attention_short_d64, maxKeys, MOST)
LAUNCH_FACT(attention_short_d64, sharedBytes, 3 * MATRIX_BYTES)
