// attention_sm90_d64, attention_sm90_d72: softmax attention over packed sequences for Hopper (sm_90a only).
//
// Formula    out[q] = sum_k p[q][k] v[k] / sum_k p[q][k],  p[q][k] = 2^((q.k - max_k q.k) * scaleLog2e), k over the first keyLength rows
// Shapes     qkv f16 [rows, 3 * heads * d] (queries, keys, values, each by head), out f16 [rows, heads * d]; sums and softmax f32
// Grid       (tiles, heads): tiles of at most tileRows queries of one sequence; idle ones have no rows
// Tensor map qkv {d, 3 * heads, rows}, strides {2 d, 2 qkvPitch} bytes, box {boxColumns, 1, boxRows}, swizzle over the box's columns
//
// Warps      One warp copies boxes (TMA), two stages of 96 keys and their values ahead. Three warpgroups hold 64 queries each; one without
//            queries leaves. Scores of tile t and the values' product of tile t - 1 are under way while the softmax of tile t is computed;
//            between warpgroups, turns at the tensor cores keep one multiplying while the others are in their softmax.
// Width 72   The tensor map's inner extent is 72, so columns 72 to 79 of the last chunk arrive as zeros: nothing is padded in global memory.
//            Scores take five steps of 16. The values' product is 80 wide: 72 would save 5 % of the tensor work, but 32-byte swizzled atoms
//            with N innermost are 16 columns wide, and the manual shows whole atoms only.
// Rows       A box may hold rows of other sequences. Their scores are masked before the maximum; their values are zeroed in shared memory by
//            the copying warp before anyone may read them. A query's bits depend on its own row and its keys, not on tile or batch.
//
// Shared     d72: queries 30720, 2 stages * (15360 + 15360), results 27648, barriers 80. One block per SM.
// Registers  160 per consumer: scores 48, probabilities 24, out 40 (d72), the rest addresses and statistics.
// Banks      32-byte swizzle: 8 rows of 16 bytes, 32 apart, with the halves of rows 4 to 7 exchanged, are the 32 banks once each.
//
// Work       16 heads x 729 x 729 x 72: 2.45 GFLOP; run as 768 x 768 x (80 + 80): 3.02 GFLOP and 9.4 M exponentials.
// Roofs      H100 SXM, 132 SMs, 1.83 GHz. Tensor cores, 989 TFLOP/s: 3.05 us. Exponentials, 16 per clock and SM = 3.87 T/s: 2.44 us.
//            HBM, 5.0 MB in and 1.7 MB out at 3.35 TB/s: 2.0 us. L2: 64 blocks read (192 + 2 * 768) rows of 144 bytes, 15.9 MB; a piece of
//            32 bytes of an odd head straddles two sectors, which makes 26.5 MB if the limit is in sectors.
// Predicted  Between 3.1 us per image (all overlaps) and 5.5 us (exponentials after products), in batches that fill the SMs. One image alone is
//            64 blocks for 132 SMs: 6.3 to 11 us. Nothing of this was measured. What to measure first: keys and queries as 64 + 16 columns
//            with a second tensor map (5.5 instead of 7.5 sectors per row), if the L2 turns out to be the limit.
// Test       native/emulator/test/attention_sm90_test.cpp (float64 loops), the op contract on an emulated device of capability 90.
// built: attention_sm90_d72, 512 threads, 119888 bytes of dynamic shared memory, tileRows=192 boxColumns=16 boxRows=96 swizzleBytes=32; registers sm_90a 128
// built: attention_sm90_d64, 512 threads, 101456 bytes of dynamic shared memory, tileRows=192 boxColumns=64 boxRows=96 swizzleBytes=128; registers sm_90a 128
#include "device.cuh"

namespace {

constexpr int WARPGROUP = 128;
constexpr int CONSUMERS = 3;
constexpr int THREADS = (CONSUMERS + 1) * WARPGROUP;
constexpr int GROUP_ROWS = 64;
constexpr int TILE_ROWS = CONSUMERS * GROUP_ROWS;
constexpr int KEY_ROWS = 96;
constexpr int STAGES = 2;
constexpr int KEY_STEPS = KEY_ROWS / 16;
constexpr float NEGATIVE_INFINITY = -__builtin_huge_valf();

// Registers a thread: 512 threads start with 128 each; (3 * 160 + 32) / 4 = 128.
constexpr int CONSUMER_REGISTERS = 160;
constexpr int PRODUCER_REGISTERS = 32;

static_assert(TILE_ROWS % KEY_ROWS == 0, "queries are copied by the box of the keys");

struct AttentionArguments {
  TensorMap qkv;         // {headWidth, 3 * heads, rows}, box {Plan::CHUNK, 1, KEY_ROWS}
  Global<f16> out;       // [rows, heads * headWidth]
  Global<int32_t> tiles; // [tiles][4]: firstRow, rows, firstKeyRow, keyLength
  int32_t heads;
  int32_t outPitch;
  float scaleLog2e;      // log2(e) / sqrt(headWidth)
};

// Barriers, by index. A stage holds one tile of keys and one of values.
enum Barrier {
  QUERIES_FULL,
  TAIL_LANDED,
  KEYS_FULL,
  KEYS_EMPTY = KEYS_FULL + STAGES,
  VALUES_FULL = KEYS_EMPTY + STAGES,
  VALUES_EMPTY = VALUES_FULL + STAGES,
  BARRIERS = VALUES_EMPTY + STAGES
};
// Named barriers: a warpgroup's turn at the tensor cores. 0 is syncThreads.
constexpr int TURN = 1;

// Shared memory. A matrix of R rows is CHUNKS pieces of [R][CHUNK], each swizzled over its rows of 2 * CHUNK bytes.
template <int headWidth>
struct Plan {
  static_assert(headWidth == 64 || headWidth == 72);
  static constexpr int CHUNK = headWidth == 64 ? 64 : 16;
  static constexpr int CHUNKS = (headWidth + CHUNK - 1) / CHUNK;
  static constexpr int COLUMNS = CHUNK * CHUNKS;
  static constexpr Swizzle SWIZZLE = headWidth == 64 ? Swizzle::BYTES_128 : Swizzle::BYTES_32;
  static constexpr int GROUP_OF_8_BYTES = 8 * CHUNK * 2;

  static constexpr int QUERIES = TILE_ROWS * COLUMNS;
  static constexpr int KEYS = KEY_ROWS * COLUMNS;
  // Results are staged with a pitch of 36 words: the four rows that a store instruction's lanes hit are 4 banks apart.
  static constexpr int OUT_PITCH = 72;

  static constexpr int QUERIES_OFFSET = 0;
  static constexpr int KEYS_OFFSET = QUERIES_OFFSET + QUERIES * 2;
  static constexpr int VALUES_OFFSET = KEYS_OFFSET + STAGES * KEYS * 2;
  static constexpr int OUT_OFFSET = VALUES_OFFSET + STAGES * KEYS * 2;
  static constexpr int BARRIERS_OFFSET = OUT_OFFSET + TILE_ROWS * OUT_PITCH * 2;
  static constexpr int BYTES = BARRIERS_OFFSET + BARRIERS * 8;

  Shared<f16> sQueries = sharedArray<f16>(QUERIES_OFFSET, QUERIES);
  Shared<f16> sKeys = sharedArray<f16>(KEYS_OFFSET, STAGES * KEYS);
  Shared<f16> sValues = sharedArray<f16>(VALUES_OFFSET, STAGES * KEYS);
  Shared<f16> sOut = sharedArray<f16>(OUT_OFFSET, TILE_ROWS * OUT_PITCH);
  Shared<uint64_t> barriers = sharedArray<uint64_t>(BARRIERS_OFFSET, BARRIERS);
};

struct Tile {
  int firstRow, rows, firstKeyRow, keyLength;

  DEVICE Tile(Global<int32_t> tiles, int i) {
    Vector<int32_t, 4> values = tiles.load<4>(4 * static_cast<int64_t>(i));
    firstRow = values[0];
    rows = values[1];
    firstKeyRow = values[2];
    keyLength = values[3];
  }
  DEVICE int keyTiles() const { return (keyLength + KEY_ROWS - 1) / KEY_ROWS; }
  // Keys of tile t that count.
  DEVICE int keysIn(int t) const { return keyLength - t * KEY_ROWS < KEY_ROWS ? keyLength - t * KEY_ROWS : KEY_ROWS; }
  // Warpgroups that have queries.
  DEVICE int consumers() const { return (rows + GROUP_ROWS - 1) / GROUP_ROWS; }
};

// ---- Producer ---------------------------------------------------------------------------------------------------------------

// `rows` rows of one of a head's three matrices, from row `row` on; one lane asks.
template <int headWidth>
DEVICE void copyRows(Shared<f16> to, int i, const TensorMap& map, int matrix, int row, int rows, Shared<uint64_t> barriers, int b) {
  using P = Plan<headWidth>;
  barrierArriveExpect(barriers, b, rows * P::COLUMNS * 2);
  for (int chunk = 0; chunk < P::CHUNKS; chunk++) {
    for (int r = 0; r < rows; r += KEY_ROWS) {
      copyBoxAsync(to, i + (chunk * rows + r) * P::CHUNK, map, chunk * P::CHUNK, matrix, row + r, barriers, b);
    }
  }
}

// The last values' tile holds rows of other sequences behind the keys. Their probability is 0, but 0 times a NaN or an infinity is NaN: they
// become zeros. All lanes of the producer warp.
template <int headWidth>
DEVICE void clearTail(Shared<f16> values, int stage, int firstRow, int lane) {
  using P = Plan<headWidth>;
  Vector<f16, 8> zeros;
  for (int i = 0; i < 8; i++) zeros[i] = toHalf(0.0f);
  int tailVectors = (KEY_ROWS - firstRow) * (P::CHUNK / 8);
  for (int chunk = 0; chunk < P::CHUNKS; chunk++) {
    int start = stage * P::KEYS + (chunk * KEY_ROWS + firstRow) * P::CHUNK;
    for (int v = lane; v < tailVectors; v += WARP) values.store<8>(start + 8 * v, zeros);
  }
  fenceProxyAsync();
  syncWarp();
}

template <int headWidth>
DEVICE void produce(const AttentionArguments& args, const Tile& tile, const Plan<headWidth>& plan, int lane) {
  int head = blockIdx.y;
  int tiles = tile.keyTiles();
  if (lane == 0) {
    prefetchTensorMap(args.qkv);
    copyRows<headWidth>(plan.sQueries, 0, args.qkv, head, tile.firstRow, TILE_ROWS, plan.barriers, QUERIES_FULL);
  }
  for (int t = 0; t < tiles; t++) {
    int stage = t % STAGES;
    int keyRow = tile.firstKeyRow + t * KEY_ROWS;
    bool tail = tile.keysIn(t) < KEY_ROWS;
    if (lane == 0) {
      // Parity of the phase that ended the stage's previous use.
      int parity = (t / STAGES - 1) & 1;
      if (t >= STAGES) barrierWait(plan.barriers, KEYS_EMPTY + stage, parity);
      copyRows<headWidth>(plan.sKeys, stage * Plan<headWidth>::KEYS, args.qkv, args.heads + head, keyRow, KEY_ROWS, plan.barriers,
                          KEYS_FULL + stage);
      if (t >= STAGES) barrierWait(plan.barriers, VALUES_EMPTY + stage, parity);
      copyRows<headWidth>(plan.sValues, stage * Plan<headWidth>::KEYS, args.qkv, 2 * args.heads + head, keyRow, KEY_ROWS,
                          plan.barriers, tail ? TAIL_LANDED : VALUES_FULL + stage);
    }
    syncWarp();
    if (tail) {
      barrierWait(plan.barriers, TAIL_LANDED, 0);
      clearTail<headWidth>(plan.sValues, stage, tile.keysIn(t), lane);
      if (lane == 0) barrierArrive(plan.barriers, VALUES_FULL + stage);
    }
  }
}

// ---- Consumers --------------------------------------------------------------------------------------------------------------

// One thread's part of two rows, g and g + 8 of its warp's 16.
template <int headWidth>
struct Rows {
  float scores[KEY_ROWS / 2];
  uint32_t probabilities[KEY_STEPS][4];
  float out[Plan<headWidth>::COLUMNS / 2];
  float largest[2];
  float sum[2];
  float correction[2];
};

// Order of the tensor cores among warpgroups: while one multiplies the others do their softmax. A turn passes from each to the next.
struct Turns {
  int group, groups;

  DEVICE void take() const {
    if (groups > 1) namedBarrierSync(TURN + group, 2 * WARPGROUP);
  }
  DEVICE void pass() const {
    if (groups > 1) namedBarrierArrive(TURN + (group + 1 == groups ? 0 : group + 1), 2 * WARPGROUP);
  }
};

// scores = queries of this warpgroup * keys of the stage.
template <int headWidth>
DEVICE void issueScores(Rows<headWidth>& rows, const Plan<headWidth>& plan, int group, int stage) {
  using P = Plan<headWidth>;
#pragma unroll
  for (int k = 0; k < P::COLUMNS; k += 16) {
    int chunk = k / P::CHUNK, inside = k % P::CHUNK;
    uint64_t queries = matrixDescriptor(plan.sQueries, (chunk * TILE_ROWS + group * GROUP_ROWS) * P::CHUNK + inside, 0,
                                        P::GROUP_OF_8_BYTES, P::SWIZZLE);
    uint64_t keys =
        matrixDescriptor(plan.sKeys, stage * P::KEYS + chunk * KEY_ROWS * P::CHUNK + inside, 0, P::GROUP_OF_8_BYTES, P::SWIZZLE);
    productShared(rows.scores, queries, keys, k > 0);
  }
  productCommit();
}

// out += probabilities * values of the stage.
template <int headWidth>
DEVICE void issueOut(Rows<headWidth>& rows, const Plan<headWidth>& plan, int stage) {
  using P = Plan<headWidth>;
#pragma unroll
  for (int step = 0; step < KEY_STEPS; step++) {
    uint64_t values = matrixDescriptor(plan.sValues, stage * P::KEYS + step * 16 * P::CHUNK, KEY_ROWS * P::CHUNK * 2,
                                       P::GROUP_OF_8_BYTES, P::SWIZZLE);
    productRegisters(rows.out, rows.probabilities[step], values);
  }
  productCommit();
}

// Scores of keys from `keys` on do not count.
template <int headWidth>
DEVICE void maskScores(Rows<headWidth>& rows, int keys, int lane) {
#pragma unroll
  for (int i = 0; i < KEY_ROWS / 2; i++) {
    int column = 8 * (i / 4) + 2 * (lane % 4) + i % 2;
    if (column >= keys) rows.scores[i] = NEGATIVE_INFINITY;
  }
}

// Scores become exp(score - largest so far), in place; `correction` is what earlier sums and results must be multiplied with.
template <int headWidth>
DEVICE void softmax(Rows<headWidth>& rows, float scaleLog2e) {
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float largest = rows.largest[r];
#pragma unroll
    for (int i = 2 * r; i < KEY_ROWS / 2; i += 4) largest = fmaxf(largest, fmaxf(rows.scores[i], rows.scores[i + 1]));
    largest = fmaxf(largest, shuffleXor(largest, 1));
    largest = fmaxf(largest, shuffleXor(largest, 2));
    rows.correction[r] = exp2Approximate((rows.largest[r] - largest) * scaleLog2e);
    rows.largest[r] = largest;
    float shift = -largest * scaleLog2e;
    float sum = 0.0f;
#pragma unroll
    for (int i = 2 * r; i < KEY_ROWS / 2; i += 4) {
      rows.scores[i] = exp2Approximate(fmaf(rows.scores[i], scaleLog2e, shift));
      rows.scores[i + 1] = exp2Approximate(fmaf(rows.scores[i + 1], scaleLog2e, shift));
      sum += rows.scores[i] + rows.scores[i + 1];
    }
    rows.sum[r] = rows.sum[r] * rows.correction[r] + sum;
  }
}

// Accumulators of 16 columns are, pair by pair, the A registers of one step of the next product.
template <int headWidth>
DEVICE void packProbabilities(Rows<headWidth>& rows) {
#pragma unroll
  for (int i = 0; i < KEY_ROWS / 4; i++) rows.probabilities[i / 4][i % 4] = packHalves(rows.scores[2 * i], rows.scores[2 * i + 1]);
}

template <int headWidth>
DEVICE void correctOut(Rows<headWidth>& rows) {
#pragma unroll
  for (int i = 0; i < Plan<headWidth>::COLUMNS / 2; i++) rows.out[i] *= rows.correction[i / 2 % 2];
}

// Each warp turns its 16 rows around in shared memory, to write 16 bytes a lane.
template <int headWidth>
DEVICE void writeOut(const AttentionArguments& args, const Tile& tile, Rows<headWidth>& rows, const Plan<headWidth>& plan, int warp, int lane) {
  constexpr int PITCH = Plan<headWidth>::OUT_PITCH;
  constexpr int VECTORS = headWidth / 8;
  int firstRow = 16 * warp;
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float sum = rows.sum[r];
    sum += shuffleXor(sum, 1);
    sum += shuffleXor(sum, 2);
    float factor = 1.0f / sum;
#pragma unroll
    for (int j = 0; j < VECTORS; j++) {
      Vector<f16, 2> pair;
      pair[0] = toHalf(rows.out[4 * j + 2 * r] * factor);
      pair[1] = toHalf(rows.out[4 * j + 2 * r + 1] * factor);
      plan.sOut.template store<2>((firstRow + lane / 4 + 8 * r) * PITCH + 8 * j + 2 * (lane % 4), pair);
    }
  }
  syncWarp();
  for (int v = lane; v < 16 * VECTORS; v += WARP) {
    int row = firstRow + v / VECTORS, column = 8 * (v % VECTORS);
    if (row < tile.rows) {
      int64_t to = static_cast<int64_t>(tile.firstRow + row) * args.outPitch + blockIdx.y * headWidth + column;
      args.out.store<8>(to, plan.sOut.template load<8>(row * PITCH + column));
    }
  }
}

// One warpgroup: 64 queries. Scores of tile t are under way together with the values' product of tile t - 1, which the softmax of tile t
// hides.
template <int headWidth>
DEVICE void consume(const AttentionArguments& args, const Tile& tile, const Plan<headWidth>& plan, int group, int warp, int lane) {
  Rows<headWidth> rows;
  rows.largest[0] = rows.largest[1] = NEGATIVE_INFINITY;
  rows.sum[0] = rows.sum[1] = 0.0f;
#pragma unroll
  for (int i = 0; i < Plan<headWidth>::COLUMNS / 2; i++) rows.out[i] = 0.0f;
  Turns turns{group, tile.consumers()};
  int tiles = tile.keyTiles();

  barrierWait(plan.barriers, QUERIES_FULL, 0);
  barrierWait(plan.barriers, KEYS_FULL, 0);
  productFence(rows.scores);
  issueScores(rows, plan, group, 0);
  productWait<0>(rows.scores);
  if (lane == 0) barrierArrive(plan.barriers, KEYS_EMPTY);
  if (tiles == 1) maskScores(rows, tile.keysIn(0), lane);
  softmax(rows, args.scaleLog2e);
  packProbabilities(rows);

  if (tiles > 1 && group + 1 == turns.groups) turns.pass();
  for (int t = 1; t < tiles; t++) {
    int stage = t % STAGES, before = (t - 1) % STAGES;
    barrierWait(plan.barriers, KEYS_FULL + stage, t / STAGES & 1);
    turns.take();
    productFence(rows.scores);
    issueScores(rows, plan, group, stage);
    barrierWait(plan.barriers, VALUES_FULL + before, (t - 1) / STAGES & 1);
    productFence(rows.out, rows.probabilities);
    issueOut(rows, plan, before);
    if (t + 1 < tiles || group + 1 < turns.groups) turns.pass();
    productWait<1>(rows.scores);
    if (lane == 0) barrierArrive(plan.barriers, KEYS_EMPTY + stage);
    if (t + 1 == tiles) maskScores(rows, tile.keysIn(t), lane);
    softmax(rows, args.scaleLog2e);
    productWait<0>(rows.out, rows.probabilities);
    if (lane == 0) barrierArrive(plan.barriers, VALUES_EMPTY + before);
    correctOut(rows);
    packProbabilities(rows);
  }
  int last = (tiles - 1) % STAGES;
  barrierWait(plan.barriers, VALUES_FULL + last, (tiles - 1) / STAGES & 1);
  productFence(rows.out, rows.probabilities);
  issueOut(rows, plan, last);
  productWait<0>(rows.out);
  writeOut(args, tile, rows, plan, warp, lane);
}

template <int headWidth>
DEVICE void attention(const AttentionArguments& args) {
  int thread = threadIdx.x;
  int lane = thread % WARP;
  int warp = shuffle(thread / WARP, 0);
  int group = warp / 4;
  Tile tile(args.tiles, blockIdx.x);
  // An idle tile: a table has as many entries as the largest batch of its size needs.
  if (tile.rows == 0) return;
  Plan<headWidth> plan;

  if (thread == 0) {
    int consumerWarps = 4 * tile.consumers();
    for (int b = 0; b < BARRIERS; b++) {
      bool released = (b >= KEYS_EMPTY && b < VALUES_FULL) || b >= VALUES_EMPTY;
      barrierInit(plan.barriers, b, released ? consumerWarps : 1);
    }
    barrierInitFence();
  }
  syncThreads();

  if (group == CONSUMERS) {
    decreaseRegisters<PRODUCER_REGISTERS>();
    if (warp == 4 * CONSUMERS) produce(args, tile, plan, lane);
  } else if (group < tile.consumers()) {
    increaseRegisters<CONSUMER_REGISTERS>();
    consume(args, tile, plan, group, warp, lane);
  }
}

}  // namespace

KERNEL(attention_sm90_d64, AttentionArguments, THREADS, 1) { attention<64>(args); }
KERNEL(attention_sm90_d72, AttentionArguments, THREADS, 1) { attention<72>(args); }

LAUNCH_FACT(attention_sm90_d64, tileRows, TILE_ROWS)
LAUNCH_FACT(attention_sm90_d64, boxColumns, Plan<64>::CHUNK)
LAUNCH_FACT(attention_sm90_d64, boxRows, KEY_ROWS)
LAUNCH_FACT(attention_sm90_d64, swizzleBytes, Plan<64>::CHUNK * 2)
LAUNCH_FACT(attention_sm90_d64, sharedBytes, Plan<64>::BYTES)
LAUNCH_FACT(attention_sm90_d72, tileRows, TILE_ROWS)
LAUNCH_FACT(attention_sm90_d72, boxColumns, Plan<72>::CHUNK)
LAUNCH_FACT(attention_sm90_d72, boxRows, KEY_ROWS)
LAUNCH_FACT(attention_sm90_d72, swizzleBytes, Plan<72>::CHUNK * 2)
LAUNCH_FACT(attention_sm90_d72, sharedBytes, Plan<72>::BYTES)
