// attention_sm90_d64, attention_sm90_d72: softmax attention over packed sequences for Hopper (sm_90a only); attention_sm90_d72_e4m3: the same with
// results in e4m3, for products of e4m3.
//
// Formula    out[q] = sum_k p[q][k] v[k] / sum_k p[q][k],  p[q][k] = 2^((q.k - shift[q]) * scaleLog2e), k over the first keyLength rows
// Shapes     qkv f16 [rows, 3 * heads * d] (queries, keys, values, each by head), out f16 [rows, heads * d]; sums and softmax f32
//            _e4m3: out e4m3 [rows, heads * d] of outScale times the result, rounded once; saturates at 448, not a number stays one
// Grid       persistent: a block per multiprocessor, or per item where there are fewer; block b takes items b, b + blocks, ... An item is
//            (tile, head), heads innermost: a tile is at most tileRows queries of one sequence, and its heads lie side by side in memory.
// Maps       qkv as {d, 3 * heads, rows}, strides {2 d, 2 qkvPitch} bytes, twice: `qkv` in boxes {boxColumns, 1, boxRows}, `rest` in boxes
//            {restColumns, 1, boxRows} for columns 64 to 71, swizzled over the box's columns. Heads of 64 have no rest: nobody looks at it.
//
// Warps      One warp copies boxes (TMA), up to four stages of 96 keys and their values ahead, and the next item's queries; one clears what lies
//            behind a sequence's last value. Three warpgroups hold 64 queries each. Tiles of keys run through across items: scores of tile n are
//            under way with the values' product of tile n - 1, also where tile n is the first of the next item, and the softmax of tile n hides
//            both. Between warpgroups, turns at the tensor cores keep one multiplying while the others are in their softmax.
// Width 72   Queries and keys are 64 + 16 columns, the last 8 of them zeros from behind the map's inner extent: five steps of 16. Values are
//            64 + 64 columns, of the second piece 8 count: one product of N = 72, whose operand ends inside a line of 128 bytes.
// Softmax    Online. A row's shift follows its largest score only when that outgrows it by 2^headroomLog2; a warp without such a row exchanges
//            nothing and corrects nothing. A row decides by its own scores alone. See "Headroom".
// Rows       A box may hold rows of other sequences. Their scores are masked before the maximum; their values are zeroed in shared memory
//            before anyone may read them. A query's bits depend on its own row and its keys, not on tile, item, block or batch.
// Results    turn around in the place of the item's own queries, which no product needs any more.
//
// Headroom   Weights are rounded to f16 for the product with the values. With the shift at most 8 below a row's largest exponent they reach
//            2^8 where the exact maximum keeps them at 1. Rounding is relative (2^-11) from 2^-14 to 65504, so a common factor of a row's weights
//            changes no relative error there; below, where steps are absolute (2^-25), a larger factor helps. The only price is at the upper end:
//            overflow from 2^16 on, 2^8 away. Sums are f32: keys * 2^8 * |v| cannot overflow. So any headroom to 15 would be as exact; at 8 a
//            shift moves about once a row. Measured on the emulator (native/emulator/test/attention_maximum_test.cpp): see "Error".
//
// Registers  160 per consumer: scores 48, probabilities 24, out 36 (d72), the rest addresses and statistics.
// Work       16 heads x 729 x 729 x 72: 2.45 GFLOP; run as 768 x 768 x (80 + 72): 2.87 GFLOP and 9.4 M exponentials.
// Roofs      H200, 132 SMs, 1.83 GHz, an image: tensor cores, 989 TFLOP/s: 2.9 us. Exponentials, 16 per clock and SM: 2.4 us. HBM, 5.0 MB in and
//            1.7 MB out at 4.8 TB/s: 1.4 us.
// Measured   NVIDIA H200, 700 W, CUDA 13.0, d72, 16 heads of 729: 375 us for 64 images (5.9 us each, 418 useful TFLOP/s), 51 us for 8, 15 us for
//            1, by the prototype of this kernel in a harness of its own. The kernel before it (one item a block, two stages, 16-column boxes):
//            537 to 577, 67 and 16. cuDNN 9.19 545 for 64, FlashAttention-2 827. d64 was not measured.
// Test       native/emulator/test/attention_sm90_test.cpp (float64 loops), the op contract on an emulated device of capability 90.
// built: attention_sm90_d72, 512 threads, 221376 bytes of dynamic shared memory, tileRows=192 boxColumns=64 restColumns=16 boxRows=96 headroomLog2=8; registers sm_90a 128
// built: attention_sm90_d64, 512 threads, 147648 bytes of dynamic shared memory, tileRows=192 boxColumns=64 restColumns=64 boxRows=96 headroomLog2=8; registers sm_90a 128
// built: attention_sm90_d72_e4m3, 512 threads, 221376 bytes of dynamic shared memory, tileRows=192 boxColumns=64 restColumns=16 boxRows=96 headroomLog2=8; registers sm_90a 128
#include "attention_results.cuh"

namespace {

constexpr int WARPGROUP = 128;
constexpr int CONSUMERS = 3;
constexpr int THREADS = (CONSUMERS + 1) * WARPGROUP;
constexpr int GROUP_ROWS = 64;
constexpr int TILE_ROWS = CONSUMERS * GROUP_ROWS;
constexpr int KEY_ROWS = 96;
constexpr int STAGES = 4;
constexpr int KEY_STEPS = KEY_ROWS / 16;
constexpr int HEADROOM_LOG2 = 8;
constexpr float NEGATIVE_INFINITY = -__builtin_huge_valf();

// Registers a thread: 512 threads start with 128 each; (3 * 160 + 32) / 4 = 128.
constexpr int CONSUMER_REGISTERS = 160;
constexpr int PRODUCER_REGISTERS = 32;

static_assert(TILE_ROWS % KEY_ROWS == 0, "queries are copied by the box of the keys");

struct AttentionArguments {
  TensorMap qkv;          // {headWidth, 3 * heads, rows}, box {64, 1, KEY_ROWS}
  TensorMap rest;         // the same, box {16, 1, KEY_ROWS}
  Global<f16> out;        // [rows, heads * headWidth]
  Global<int32_t> tiles;  // [tiles][4]: firstRow, rows, firstKeyRow, keyLength
  int32_t items;          // tiles * heads
  int32_t heads;
  int32_t outPitch;
  float scaleLog2e;       // log2(e) / sqrt(headWidth)
  float headroomLog2;     // HEADROOM_LOG2; 0 lets every larger score move the shift, as the exact maximum does
};

struct AttentionE4m3Arguments {
  TensorMap qkv;
  TensorMap rest;
  Global<e4m3> out;
  Global<int32_t> tiles;
  int32_t items;
  int32_t heads;
  int32_t outPitch;
  float scaleLog2e;
  float headroomLog2;
  float outScale;
};

// Barriers, by index. A stage holds one tile of keys and one of values; queries have two places.
enum Barrier {
  QUERIES_FULL,
  QUERIES_EMPTY = QUERIES_FULL + 2,
  KEYS_FULL = QUERIES_EMPTY + 2,
  KEYS_EMPTY = KEYS_FULL + STAGES,
  VALUES_FULL = KEYS_EMPTY + STAGES,
  VALUES_EMPTY = VALUES_FULL + STAGES,
  TAIL_LANDED = VALUES_EMPTY + STAGES,  // values are there, and those behind the keys are not yet cleared
  BARRIERS = TAIL_LANDED + STAGES
};
// Named barriers: a warpgroup's turn at the tensor cores. 0 is syncThreads.
constexpr int TURN = 1;

// Shared memory. Columns 0 to 63 of a matrix of R rows are [R][64] with 128-byte swizzle. What is behind them follows: [R][16] with 32-byte
// swizzle for queries and keys, [R][64] for values.
template <int headWidth>
struct Plan {
  static_assert(headWidth == 64 || headWidth == 72);
  static constexpr int WIDTH = headWidth;
  static constexpr int COLUMNS = 64;
  static constexpr bool HAS_REST = headWidth > COLUMNS;
  static constexpr int REST = HAS_REST ? 16 : 0;
  static constexpr int VALUES_REST = HAS_REST ? COLUMNS : 0;
  static constexpr int PIECES = headWidth / 8;

  static constexpr int QUERIES = TILE_ROWS * (COLUMNS + REST);
  static constexpr int KEYS = KEY_ROWS * (COLUMNS + REST);
  static constexpr int VALUES = KEY_ROWS * (COLUMNS + VALUES_REST);
  static_assert(QUERIES * 2 % 1024 == 0 && KEYS * 2 % 1024 == 0 && VALUES * 2 % 1024 == 0, "every place begins with the swizzle's pattern");

  static constexpr int QUERIES_OFFSET = 0;
  static constexpr int KEYS_OFFSET = QUERIES_OFFSET + 2 * QUERIES * 2;
  static constexpr int VALUES_OFFSET = KEYS_OFFSET + STAGES * KEYS * 2;
  static constexpr int BARRIERS_OFFSET = VALUES_OFFSET + STAGES * VALUES * 2;
  static constexpr int BYTES = BARRIERS_OFFSET + BARRIERS * 8;

  Shared<f16> sQueries = sharedArray<f16>(QUERIES_OFFSET, 2 * QUERIES);
  Shared<f16> sKeys = sharedArray<f16>(KEYS_OFFSET, STAGES * KEYS);
  Shared<f16> sValues = sharedArray<f16>(VALUES_OFFSET, STAGES * VALUES);
  Shared<uint64_t> barriers = sharedArray<uint64_t>(BARRIERS_OFFSET, BARRIERS);
};

// What an item is about.
struct Item {
  int firstRow, rows, firstKeyRow, keyLength, head;

  template <typename A>
  DEVICE Item(const A& args, int i) {
    int tile = i / args.heads;
    head = i - tile * args.heads;
    Vector<int32_t, 4> values = args.tiles.template load<4>(4 * static_cast<int64_t>(tile));
    firstRow = values[0];
    rows = values[1];
    firstKeyRow = values[2];
    keyLength = values[3];
  }
  DEVICE int keyTiles() const { return (keyLength + KEY_ROWS - 1) / KEY_ROWS; }
  DEVICE int keysInLast() const { return keyLength - (keyTiles() - 1) * KEY_ROWS; }
};

// Where an item's results go, in few registers.
struct Place {
  int firstRow, rowsAndHead;

  DEVICE explicit Place(const Item& item) : firstRow(item.firstRow), rowsAndHead(item.rows | item.head << 16) {}
  DEVICE int rows() const { return rowsAndHead & 0xffff; }
  DEVICE int head() const { return rowsAndHead >> 16; }
};

// A place in a ring of `count` places; `phase` is the parity of its current round.
template <int count>
struct Ring {
  int i = 0, phase = 0;

  DEVICE void next() {
    i++;
    if (i == count) {
      i = 0;
      phase ^= 1;
    }
  }
};

// ---- Producers --------------------------------------------------------------------------------------------------------------

// `rows` rows of one of a head's three matrices, from row `row` on; one lane asks. The rest lies in rows of `restPitch`.
template <int rows, int restPitch, typename A>
DEVICE void copyRows(Shared<f16> to, int i, const A& args, const TensorMap& rest, int matrix, int row, Shared<uint64_t> barriers, int b) {
  barrierArriveExpect(barriers, b, rows * (64 + restPitch) * 2);
#pragma unroll
  for (int r = 0; r < rows; r += KEY_ROWS) copyBoxAsync(to, i + r * 64, args.qkv, 0, matrix, row + r, barriers, b);
  if constexpr (restPitch > 0) {
#pragma unroll
    for (int r = 0; r < rows; r += KEY_ROWS) copyBoxAsync(to, i + rows * 64 + r * restPitch, rest, 64, matrix, row + r, barriers, b);
  }
}

// Warp 0 of the producers: all copies, in the order of their use.
template <typename P, typename A>
DEVICE void produce(const A& args, const P& plan, int lane) {
  if (lane != 0) return;
  prefetchTensorMap(args.qkv);
  if (P::HAS_REST) prefetchTensorMap(args.rest);
  Ring<2> queries;
  Ring<STAGES> keys, values;
  for (int i = blockIdx.x; i < args.items; i += gridDim.x) {
    Item item(args, i);
    int tiles = item.keyTiles();
    barrierWait(plan.barriers, QUERIES_EMPTY + queries.i, queries.phase ^ 1);
    copyRows<TILE_ROWS, P::REST>(plan.sQueries, queries.i * P::QUERIES, args, args.rest, item.head, item.firstRow, plan.barriers,
                                 QUERIES_FULL + queries.i);
    queries.next();
    for (int t = 0; t <= tiles; t++) {
      if (t < tiles) {
        barrierWait(plan.barriers, KEYS_EMPTY + keys.i, keys.phase ^ 1);
        copyRows<KEY_ROWS, P::REST>(plan.sKeys, keys.i * P::KEYS, args, args.rest, args.heads + item.head, item.firstKeyRow + t * KEY_ROWS,
                                    plan.barriers, KEYS_FULL + keys.i);
        keys.next();
      }
      if (t > 0) {
        bool tail = t == tiles && item.keysInLast() < KEY_ROWS;
        barrierWait(plan.barriers, VALUES_EMPTY + values.i, values.phase ^ 1);
        // The map of wide boxes again: of the second piece, columns from the head's width on arrive as zeros.
        copyRows<KEY_ROWS, P::VALUES_REST>(plan.sValues, values.i * P::VALUES, args, args.qkv, 2 * args.heads + item.head,
                                           item.firstKeyRow + (t - 1) * KEY_ROWS, plan.barriers, (tail ? TAIL_LANDED : VALUES_FULL) + values.i);
        values.next();
      }
    }
  }
}

// Values of a stage from row `first` on become zeros. All lanes.
template <typename P>
DEVICE void clearRows(const P& plan, int stage, int first, int lane) {
  Vector<f16, 8> zeros;
  for (int i = 0; i < 8; i++) zeros[i] = toHalf(0.0f);
  int start = stage * P::VALUES;
  for (int v = first * 8 + lane; v < KEY_ROWS * 8; v += WARP) plan.sValues.template store<8>(start + 8 * v, zeros);
  if constexpr (P::HAS_REST) {
    // Columns 64 to 71, the only ones of the second piece that are not zeros already: piece 0 of row r lies at r % 8.
    for (int row = first + lane; row < KEY_ROWS; row += WARP) plan.sValues.template store<8>(start + (KEY_ROWS + row) * 64 + row % 8 * 8, zeros);
  }
}

// Warp 1 of the producers. The last tile of values holds rows of other sequences behind the keys. Their probability is 0, but 0 times a NaN
// or an infinity is NaN: they become zeros, then the stage is full.
template <typename P, typename A>
DEVICE void clearTails(const A& args, const P& plan, int lane) {
  int stage = 0;
  uint32_t parities = 0;
  for (int i = blockIdx.x; i < args.items; i += gridDim.x) {
    Item item(args, i);
    int last = (stage + item.keyTiles() - 1) % STAGES;
    stage = (last + 1) % STAGES;
    if (item.keysInLast() == KEY_ROWS) continue;
    barrierWait(plan.barriers, TAIL_LANDED + last, parities >> last & 1);
    parities ^= 1u << last;
    clearRows(plan, last, item.keysInLast(), lane);
    fenceProxyAsync();
    syncWarp();
    if (lane == 0) barrierArrive(plan.barriers, VALUES_FULL + last);
  }
}

// ---- Consumers --------------------------------------------------------------------------------------------------------------

// One thread's part of two rows, g and g + 8 of its warp's 16.
template <typename P>
struct Rows {
  float scores[KEY_ROWS / 2];
  uint32_t probabilities[KEY_STEPS][4];
  float out[P::WIDTH / 2];
  float largest[2];  // what scores are relative to
  float sum[2];
  float correction[2];
};

// Order of the tensor cores among warpgroups: while one multiplies the others do their softmax. A turn passes from each to the next.
struct Turns {
  int group;

  DEVICE void take() const { namedBarrierSync(TURN + group, 2 * WARPGROUP); }
  DEVICE void pass() const { namedBarrierArrive(TURN + (group + 1 == CONSUMERS ? 0 : group + 1), 2 * WARPGROUP); }
};

// A descriptor `bytes` further on: the address is its low part, which does not overflow.
DEVICE uint64_t advance(uint64_t descriptor, int bytes) {
  uint32_t low = static_cast<uint32_t>(descriptor) + static_cast<uint32_t>(bytes >> 4);
  return (descriptor & 0xffffffff00000000ull) | low;
}

// scores = queries of this warpgroup * keys of the stage.
template <typename P>
DEVICE void issueScores(Rows<P>& rows, const P& plan, int group, int queries, int stage) {
  uint64_t a = advance(matrixDescriptor(plan.sQueries, 0, 0, 1024, Swizzle::BYTES_128), queries * P::QUERIES * 2 + group * GROUP_ROWS * 128);
  uint64_t b = advance(matrixDescriptor(plan.sKeys, 0, 0, 1024, Swizzle::BYTES_128), stage * P::KEYS * 2);
#pragma unroll
  for (int k = 0; k < 4; k++) productShared(rows.scores, advance(a, 32 * k), advance(b, 32 * k), k > 0);
  if constexpr (P::HAS_REST) {
    uint64_t aRest = advance(matrixDescriptor(plan.sQueries, TILE_ROWS * 64, 0, 256, Swizzle::BYTES_32),
                             queries * P::QUERIES * 2 + group * GROUP_ROWS * 32);
    uint64_t bRest = advance(matrixDescriptor(plan.sKeys, KEY_ROWS * 64, 0, 256, Swizzle::BYTES_32), stage * P::KEYS * 2);
    productShared(rows.scores, aRest, bRest, true);
  }
  productCommit();
}

// out = probabilities * values of the stage (+ out if `accumulate`).
template <typename P>
DEVICE void issueOut(Rows<P>& rows, const P& plan, int stage, bool accumulate) {
  uint64_t b = advance(matrixDescriptor(plan.sValues, 0, KEY_ROWS * 128, 1024, Swizzle::BYTES_128), stage * P::VALUES * 2);
#pragma unroll
  for (int step = 0; step < KEY_STEPS; step++) {
    productRegisters(rows.out, rows.probabilities[step], advance(b, step * 16 * 128), step > 0 || accumulate);
  }
  productCommit();
}

// Scores of keys from `keys` on do not count.
template <typename P>
DEVICE void maskScores(Rows<P>& rows, int keys, int lane) {
  int limit = keys - 2 * (lane % 4);
#pragma unroll
  for (int i = 0; i < KEY_ROWS / 2; i++) {
    if (8 * (i / 4) + i % 2 >= limit) rows.scores[i] = NEGATIVE_INFINITY;
  }
}

// The largest of this thread's scores of row r; in two chains, because each maximum waits for the one before.
template <typename P>
DEVICE float largestScore(const Rows<P>& rows, int r) {
  float a = fmaxf(rows.scores[2 * r], rows.scores[2 * r + 1]);
  float b = fmaxf(rows.scores[2 * r + 4], rows.scores[2 * r + 5]);
#pragma unroll
  for (int i = 2 * r + 8; i < KEY_ROWS / 2; i += 8) {
    a = fmaxf(a, fmaxf(rows.scores[i], rows.scores[i + 1]));
    b = fmaxf(b, fmaxf(rows.scores[i + 4], rows.scores[i + 5]));
  }
  return fmaxf(a, b);
}

// Scores become weights, in place. `slack` is the headroom in units of scores. Returns whether this warp's results must be corrected by
// `correction`. Where an item begins (`fresh`), `correction` becomes the sum of the item before.
template <typename P>
DEVICE bool softmax(Rows<P>& rows, float scaleLog2e, float slack, bool fresh) {
  float most[2] = {largestScore(rows, 0), largestScore(rows, 1)};
  if (fresh) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      rows.correction[r] = rows.sum[r];
      rows.largest[r] = NEGATIVE_INFINITY;
      rows.sum[r] = 0.0f;
    }
  }
  bool moved = voteMask(most[0] > rows.largest[0] + slack || most[1] > rows.largest[1] + slack) != 0;
  if (moved) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float largest = fmaxf(most[r], shuffleXor(most[r], 1));
      largest = fmaxf(largest, shuffleXor(largest, 2));
      // A row whose shift stays is multiplied by 1: its bits do not depend on its neighbours.
      bool moves = largest > rows.largest[r] + slack;
      largest = moves ? largest : rows.largest[r];
      float correction = moves ? exp2Approximate((rows.largest[r] - largest) * scaleLog2e) : 1.0f;
      rows.largest[r] = largest;
      rows.sum[r] *= correction;
      if (!fresh) rows.correction[r] = correction;
    }
  }
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float shift = -rows.largest[r] * scaleLog2e;
    float a = 0.0f, b = 0.0f;
#pragma unroll
    for (int i = 2 * r; i < KEY_ROWS / 2; i += 4) {
      rows.scores[i] = exp2Approximate(fmaf(rows.scores[i], scaleLog2e, shift));
      rows.scores[i + 1] = exp2Approximate(fmaf(rows.scores[i + 1], scaleLog2e, shift));
      a += rows.scores[i];
      b += rows.scores[i + 1];
    }
    rows.sum[r] += a + b;
  }
  return moved;
}

// Accumulators of 16 columns are, pair by pair, the A registers of one step of the next product.
template <typename P>
DEVICE void packProbabilities(Rows<P>& rows) {
#pragma unroll
  for (int i = 0; i < KEY_ROWS / 4; i++) rows.probabilities[i / 4][i % 4] = packHalves(rows.scores[2 * i], rows.scores[2 * i + 1]);
}

template <typename P>
DEVICE void correctOut(Rows<P>& rows) {
#pragma unroll
  for (int i = 0; i < P::WIDTH / 2; i++) rows.out[i] *= rows.correction[i / 2 % 2];
}

// Where piece `piece` of a row of results lies, in 16-byte pieces: where that row's queries have it, so that no warp needs another's place,
// and without bank conflicts.
DEVICE int stagedPiece(int row, int piece) { return piece < 8 ? row * 8 + (piece ^ row % 8) : TILE_ROWS * 8 + row * 2; }

// Results of an item, whose rows have these sums in this thread's columns. Each warp turns its 16 rows around in the place of its queries.
template <typename P, typename R>
DEVICE void writeOut(const R& results, const Place& place, const Rows<P>& rows, const float (&sums)[2], const P& plan, int queries, int warp,
                     int lane) {
  using Element = typename R::Element;
  constexpr int PIECE = 16 / sizeof(Element);
  Shared<Element> staged = sharedArray<Element>(P::QUERIES_OFFSET + queries * P::QUERIES * 2, P::QUERIES / 8 * PIECE);
  int firstRow = 16 * warp;
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float sum = sums[r];
    sum += shuffleXor(sum, 1);
    sum += shuffleXor(sum, 2);
    float factor = results.factor(sum);
#pragma unroll
    for (int j = 0; j < P::PIECES; j++) {
      staged.template store<2>(stagedPiece(firstRow + lane / 4 + 8 * r, j) * PIECE + 2 * (lane % 4),
                               results.pair(rows.out[4 * j + 2 * r] * factor, rows.out[4 * j + 2 * r + 1] * factor));
    }
  }
  syncWarp();
  for (int v = lane; v < 16 * P::PIECES; v += WARP) {
    int row = firstRow + v / P::PIECES, piece = v % P::PIECES;
    if (row < place.rows()) {
      writePiece(results, place.firstRow + row, place.head() * P::WIDTH + 8 * piece, staged, stagedPiece(row, piece) * PIECE);
    }
  }
  fenceProxyAsync();
  syncWarp();
  if (lane == 0) barrierArrive(plan.barriers, QUERIES_EMPTY + queries);
}

// One warpgroup: 64 queries of each of the block's items.
template <typename P, typename A, typename R>
DEVICE void consume(const A& args, const R& results, const P& plan, int group, int warp, int lane) {
  int i = blockIdx.x;
  Rows<P> rows;
  Turns turns{group};
  float slack = args.headroomLog2 / args.scaleLog2e;
  Item first(args, i);
  int tiles = first.keyTiles();  // of the current item
  int rest = first.keysInLast();
  Place place(first);
#pragma unroll
  for (int j = 0; j < P::WIDTH / 2; j++) rows.out[j] = 0.0f;
  rows.largest[0] = rows.largest[1] = NEGATIVE_INFINITY;
  rows.sum[0] = rows.sum[1] = 0.0f;
  rows.correction[0] = rows.correction[1] = 1.0f;

  barrierWait(plan.barriers, QUERIES_FULL, 0);
  barrierWait(plan.barriers, KEYS_FULL, 0);
  productFence(rows.scores);
  issueScores(rows, plan, group, 0, 0);
  productWait<0>(rows.scores);
  if (lane == 0) barrierArrive(plan.barriers, KEYS_EMPTY);
  if (tiles == 1) maskScores(rows, rest, lane);
  softmax(rows, args.scaleLog2e, slack, true);
  packProbabilities(rows);
  if (group + 1 == CONSUMERS) turns.pass();

  int t = 1;                // the item's tile of keys whose scores come next
  int n = 1;                // tiles of keys so far, over all items; values are one behind
  int served = 0;           // items so far, the current one not counted
  bool accumulate = false;  // whether the values' product that comes next is not its item's first
  for (;;) {
    bool fresh = t == tiles;
    Place before = place;
    if (fresh) {
      i += gridDim.x;
      if (i >= args.items) break;
      Item item(args, i);
      tiles = item.keyTiles();
      rest = item.keysInLast();
      place = Place(item);
      t = 0;
      served++;
      barrierWait(plan.barriers, QUERIES_FULL + served % 2, served / 2 & 1);
    }
    int stage = n % STAGES, stageBefore = (n - 1) % STAGES;
    barrierWait(plan.barriers, KEYS_FULL + stage, n / STAGES & 1);
    turns.take();
    productFence(rows.scores);
    issueScores(rows, plan, group, served % 2, stage);
    barrierWait(plan.barriers, VALUES_FULL + stageBefore, (n - 1) / STAGES & 1);
    productFence(rows.out, rows.probabilities);
    issueOut(rows, plan, stageBefore, accumulate);
    turns.pass();
    productWait<1>(rows.scores);
    if (lane == 0) barrierArrive(plan.barriers, KEYS_EMPTY + stage);
    if (t + 1 == tiles && rest < KEY_ROWS) maskScores(rows, rest, lane);
    bool moved = softmax(rows, args.scaleLog2e, slack, fresh);
    computeBeforeWait(rows.sum[0] + rows.sum[1]);
    productWait<0>(rows.out, rows.probabilities);
    if (lane == 0) barrierArrive(plan.barriers, VALUES_EMPTY + stageBefore);
    if (fresh) writeOut(results, before, rows, rows.correction, plan, (served + 1) % 2, warp, lane);
    else if (moved) correctOut(rows);
    packProbabilities(rows);
    accumulate = !fresh;
    t++;
    n++;
  }
  // The last group's pass to the first has no taker: taken here, so that the named barriers end balanced.
  if (group == 0) turns.take();
  int stage = (n - 1) % STAGES;
  barrierWait(plan.barriers, VALUES_FULL + stage, (n - 1) / STAGES & 1);
  productFence(rows.out, rows.probabilities);
  issueOut(rows, plan, stage, accumulate);
  productWait<0>(rows.out, rows.probabilities);
  writeOut(results, place, rows, rows.sum, plan, served % 2, warp, lane);
}

// The host launches no more blocks than items.
template <int headWidth, typename A, typename R>
DEVICE void attention(const A& args, const R& results) {
  int thread = threadIdx.x;
  int lane = thread % WARP;
  int warp = shuffle(thread / WARP, 0);
  int group = warp / 4;
  Plan<headWidth> plan;
  if (thread == 0) {
    for (int b = 0; b < BARRIERS; b++) {
      bool released = (b >= QUERIES_EMPTY && b < KEYS_FULL) || (b >= KEYS_EMPTY && b < VALUES_FULL) || (b >= VALUES_EMPTY && b < TAIL_LANDED);
      barrierInit(plan.barriers, b, released ? 4 * CONSUMERS : 1);
    }
    barrierInitFence();
  }
  syncThreads();
  if (group == CONSUMERS) {
    decreaseRegisters<PRODUCER_REGISTERS>();
    if (warp == 4 * CONSUMERS) produce(args, plan, lane);
    else if (warp == 4 * CONSUMERS + 1) clearTails(args, plan, lane);
  } else {
    increaseRegisters<CONSUMER_REGISTERS>();
    consume(args, results, plan, group, warp, lane);
  }
}

}  // namespace

KERNEL(attention_sm90_d64, AttentionArguments, THREADS, 1) { attention<64>(args, HalfResults{args.out, args.outPitch}); }
KERNEL(attention_sm90_d72, AttentionArguments, THREADS, 1) { attention<72>(args, HalfResults{args.out, args.outPitch}); }
KERNEL(attention_sm90_d72_e4m3, AttentionE4m3Arguments, THREADS, 1) {
  attention<72>(args, CodedResults{args.out, args.outPitch, args.outScale});
}

LAUNCH_FACT(attention_sm90_d64, tileRows, TILE_ROWS)
LAUNCH_FACT(attention_sm90_d64, boxColumns, Plan<64>::COLUMNS)
LAUNCH_FACT(attention_sm90_d64, restColumns, Plan<64>::COLUMNS)
LAUNCH_FACT(attention_sm90_d64, boxRows, KEY_ROWS)
LAUNCH_FACT(attention_sm90_d64, headroomLog2, HEADROOM_LOG2)
LAUNCH_FACT(attention_sm90_d64, sharedBytes, Plan<64>::BYTES)
LAUNCH_FACT(attention_sm90_d72, tileRows, TILE_ROWS)
LAUNCH_FACT(attention_sm90_d72, boxColumns, Plan<72>::COLUMNS)
LAUNCH_FACT(attention_sm90_d72, restColumns, Plan<72>::REST)
LAUNCH_FACT(attention_sm90_d72, boxRows, KEY_ROWS)
LAUNCH_FACT(attention_sm90_d72, headroomLog2, HEADROOM_LOG2)
LAUNCH_FACT(attention_sm90_d72, sharedBytes, Plan<72>::BYTES)
LAUNCH_FACT(attention_sm90_d72_e4m3, tileRows, TILE_ROWS)
LAUNCH_FACT(attention_sm90_d72_e4m3, boxColumns, Plan<72>::COLUMNS)
LAUNCH_FACT(attention_sm90_d72_e4m3, restColumns, Plan<72>::REST)
LAUNCH_FACT(attention_sm90_d72_e4m3, boxRows, KEY_ROWS)
LAUNCH_FACT(attention_sm90_d72_e4m3, headroomLog2, HEADROOM_LOG2)
LAUNCH_FACT(attention_sm90_d72_e4m3, sharedBytes, Plan<72>::BYTES)
