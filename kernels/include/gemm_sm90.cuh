// Products of activations and weights for Hopper (sm_90a), sums[m][n] = sum_k x[m][k] weight[n][k]: the main loop of gemm_sm90.cu (f16) and
// gemm_e4m3_sm90.cu (e4m3). What becomes of a tile's sums is the epilogue of each kernel.
//
// A block takes tiles until there are none left. One warp copies boxes of both operands (TMA) into a ring of stages; a stage is a line of
// 128 bytes, the swizzle's width, of every row of the tile and of every one of its columns. Two warpgroups multiply (wgmma, both operands
// from shared memory) and have every other tile each, so that the epilogue of one is hidden behind the products of the other.
//
// They take turns at the products. Without turns, a warpgroup could wait for a stage a whole round ahead of the other and take the end of
// an earlier phase of its barrier for that of its own: parity tells two phases apart, no more.
//
// A sum is over k in ascending steps of one product (16 f16, 32 e4m3), whatever the tile's shape and place and the number of rows: no split
// of k and no atomics. So all shapes give the same bits, and a row has the same bits in every batch.
#pragma once

#include "device.cuh"

namespace gemm {

constexpr int WARPGROUP = 128;
constexpr int CONSUMERS = 2;
constexpr int THREADS = (CONSUMERS + 1) * WARPGROUP;
constexpr int CONSUMER_WARPS = CONSUMERS * WARPGROUP / WARP;
constexpr int LINE_BYTES = 128;
constexpr int GROUP_OF_8_BYTES = 8 * LINE_BYTES;
// One product of a warpgroup: 64 rows, and so many bytes of a line.
constexpr int PRODUCT_ROWS = 64;
constexpr int PRODUCT_BYTES = 32;
constexpr int MAX_SHARED_BYTES = 227 * 1024;

// Named barriers: a warpgroup's turn at the products. 0 is syncThreads.
constexpr int TURN = 1;

// A tile's shape, the stages of its ring, what its epilogue takes of shared memory, and the registers of those who multiply. `Element` is
// that of both operands.
template <typename Element, int tileRows, int columns, int stages, int epilogueBytes, int consumerRegisters = 232>
struct Plan {
  using Operand = Element;
  static constexpr int TILE_ROWS = tileRows;
  static constexpr int COLUMNS = columns;
  static constexpr int STAGES = stages;

  static constexpr int DEPTH = LINE_BYTES / sizeof(Element);
  static constexpr int PRODUCT_DEPTH = PRODUCT_BYTES / sizeof(Element);
  static constexpr int PRODUCTS = tileRows / PRODUCT_ROWS;
  static_assert(tileRows % PRODUCT_ROWS == 0 && PRODUCTS <= 2 && tileRows * columns <= 128 * 192, "sums are in registers");

  // Registers a thread: 384 threads start with 168 each, of which the copying warps leave some to the others.
  static constexpr int CONSUMER_REGISTERS = consumerRegisters;
  static constexpr int PRODUCER_REGISTERS = 3 * 168 - CONSUMERS * consumerRegisters;

  static constexpr int X = tileRows * DEPTH;
  static constexpr int WEIGHT = columns * DEPTH;
  static constexpr int STAGE_BYTES = (tileRows + columns) * LINE_BYTES;

  static constexpr int X_OFFSET = 0;
  static constexpr int WEIGHT_OFFSET = X_OFFSET + stages * tileRows * LINE_BYTES;
  static constexpr int BARRIERS_OFFSET = WEIGHT_OFFSET + stages * columns * LINE_BYTES;
  static constexpr int FULL = 0, EMPTY = stages, BARRIERS = 2 * stages;
  static constexpr int EPILOGUE_OFFSET = BARRIERS_OFFSET + BARRIERS * 8;
  static constexpr int BYTES = EPILOGUE_OFFSET + epilogueBytes;
  static_assert(BYTES <= MAX_SHARED_BYTES);

  // In warp w of the warpgroup, lane 4 g + t has of product p, of columns 8 j on, rows 16 w + g and (elements 2, 3) 16 w + g + 8, columns 2
  // t and 2 t + 1: sums[p][4 j + i].
  using Sums = float[PRODUCTS][columns / 2];

  Shared<Element> sX = sharedArray<Element>(X_OFFSET, stages * X);
  Shared<Element> sWeight = sharedArray<Element>(WEIGHT_OFFSET, stages * WEIGHT);
  Shared<uint64_t> barriers = sharedArray<uint64_t>(BARRIERS_OFFSET, BARRIERS);
};

// The tiles of a block, in its order: columns are innermost, so that a band of rows of x is read from memory once and the weight stays in
// the L2.
template <typename P>
struct Tiles {
  int first, step, count, columnTiles;

  DEVICE Tiles(int rows, int outputs) {
    first = blockIdx.x;
    step = gridDim.x;
    columnTiles = (outputs + P::COLUMNS - 1) / P::COLUMNS;
    count = (rows + P::TILE_ROWS - 1) / P::TILE_ROWS * columnTiles;
  }
  DEVICE int row(int tile) const { return tile / columnTiles * P::TILE_ROWS; }
  DEVICE int column(int tile) const { return tile % columnTiles * P::COLUMNS; }
};

// The order of the products among the warpgroups is that of the tiles.
struct Turns {
  int group;

  DEVICE void take() const { namedBarrierSync(TURN + group, CONSUMERS * WARPGROUP); }
  DEVICE void pass() const { namedBarrierArrive(TURN + 1 - group, CONSUMERS * WARPGROUP); }
};

// Where a warp is in the ring of stages.
template <typename P>
struct Ring {
  int stage, parity;

  DEVICE explicit Ring(int slot) : stage(slot % P::STAGES), parity(slot / P::STAGES & 1) {}
  DEVICE void next() {
    if (++stage == P::STAGES) {
      stage = 0;
      parity ^= 1;
    }
  }
};

// ---- Producer ---------------------------------------------------------------------------------------------------------------

// One lane.
template <typename P>
DEVICE void produce(const TensorMap& x, const TensorMap& weight, const P& plan, const Tiles<P>& tiles, int steps) {
  prefetchTensorMap(x);
  prefetchTensorMap(weight);
  Ring<P> ring(0);
  for (int tile = tiles.first; tile < tiles.count; tile += tiles.step) {
    int row = tiles.row(tile), column = tiles.column(tile);
    for (int k = 0; k < steps; k++) {
      int full = P::FULL + ring.stage;
      // In the first round nobody has to leave: a barrier's phase before the first counts as one of parity 1.
      barrierWait(plan.barriers, P::EMPTY + ring.stage, ring.parity ^ 1);
      barrierArriveExpect(plan.barriers, full, P::STAGE_BYTES);
      copyBoxAsync(plan.sX, ring.stage * P::X, x, k * P::DEPTH, 0, row, plan.barriers, full);
      copyBoxAsync(plan.sWeight, ring.stage * P::WEIGHT, weight, k * P::DEPTH, 0, column, plan.barriers, full);
      ring.next();
    }
  }
}

// ---- Consumers --------------------------------------------------------------------------------------------------------------

template <int N>
DEVICE void issue(f16, float (&sums)[N], uint64_t x, uint64_t weight, bool accumulate) {
  productShared(sums, x, weight, accumulate);
}
template <int N>
DEVICE void issue(e4m3, float (&sums)[N], uint64_t x, uint64_t weight, bool accumulate) {
  productSharedE4m3(sums, x, weight, accumulate);
}

// sums = x weight^T (+ sums) over the inputs of a stage.
template <typename P>
DEVICE void issueStage(typename P::Sums& sums, const P& plan, int stage, bool accumulate) {
#pragma unroll
  for (int inside = 0; inside < P::DEPTH; inside += P::PRODUCT_DEPTH) {
    uint64_t weight = matrixDescriptor(plan.sWeight, stage * P::WEIGHT + inside, 0, GROUP_OF_8_BYTES, Swizzle::BYTES_128);
#pragma unroll
    for (int p = 0; p < P::PRODUCTS; p++) {
      uint64_t x = matrixDescriptor(plan.sX, stage * P::X + p * PRODUCT_ROWS * P::DEPTH + inside, 0, GROUP_OF_8_BYTES, Swizzle::BYTES_128);
      issue(typename P::Operand{}, sums[p], x, weight, accumulate || inside > 0);
    }
  }
}

template <typename P>
DEVICE void release(const P& plan, int stage, int lane) {
  if (lane == 0) barrierArrive(plan.barriers, P::EMPTY + stage);
}

// sums = x weight^T over all inputs. `last`: nobody waits for another turn.
template <typename P>
DEVICE void multiply(typename P::Sums& sums, const P& plan, Turns turns, Ring<P> ring, int steps, bool last, int lane) {
  turns.take();
  if constexpr (P::PRODUCTS == 2) productFence(sums[0], sums[1]);
  else productFence(sums[0]);
  int before = 0;
  for (int k = 0; k < steps; k++) {
    barrierWait(plan.barriers, P::FULL + ring.stage, ring.parity);
    productFence();
    issueStage<P>(sums, plan, ring.stage, k > 0);
    productCommit();
    // One step stays under way while the one before is given back.
    productWait<1>();
    if (k > 0) release(plan, before, lane);
    before = ring.stage;
    ring.next();
  }
  // All stages of this tile have been waited for, and one step of products is still under way.
  if (!last) turns.pass();
  if constexpr (P::PRODUCTS == 2) productWait<0>(sums[0], sums[1]);
  else productWait<0>(sums[0]);
  release(plan, before, lane);
}

template <typename P, typename Epilogue, typename Arguments>
DEVICE void consume(const Arguments& args, const P& plan, const Tiles<P>& tiles, int steps, int warp, int lane) {
  int group = warp / 4;
  int slot = group * steps;
  Turns turns{group};
  if (group == 1 && tiles.first < tiles.count) turns.pass();
  typename P::Sums sums;
  for (int tile = tiles.first + group * tiles.step; tile < tiles.count; tile += CONSUMERS * tiles.step) {
    multiply<P>(sums, plan, turns, Ring<P>(slot), steps, tile + tiles.step >= tiles.count, lane);
    slot += CONSUMERS * steps;
    Epilogue::template write<P>(args, sums, tiles.row(tile), tiles.column(tile), warp, lane);
  }
}

// `Arguments` has tensor maps x {inputs, 1, rows}, box {Plan::DEPTH, 1, Plan::TILE_ROWS}, and weight {inputs, 1, outputs}, box
// {Plan::DEPTH, 1, Plan::COLUMNS}, both swizzled over 128 bytes; and rows, inputs, outputs. Epilogue::write<P>(args, sums, row, column,
// warp, lane) is called by all threads of a warpgroup with their sums of the tile that begins there; `warp` is 0 to 7.
template <typename P, typename Epilogue, typename Arguments>
DEVICE void run(const Arguments& args) {
  int thread = threadIdx.x;
  int lane = thread % WARP;
  int warp = shuffle(thread / WARP, 0);
  P plan;
  Tiles<P> tiles(args.rows, args.outputs);
  int steps = (args.inputs + P::DEPTH - 1) / P::DEPTH;

  if (thread == 0) {
    // A stage is free when the four warps of the warpgroup that had it have left.
    for (int b = 0; b < P::BARRIERS; b++) barrierInit(plan.barriers, b, b < P::EMPTY ? 1 : WARPGROUP / WARP);
    barrierInitFence();
  }
  syncThreads();

  if (warp >= CONSUMER_WARPS) {
    decreaseRegisters<P::PRODUCER_REGISTERS>();
    if (warp == CONSUMER_WARPS && lane == 0) produce(args.x, args.weight, plan, tiles, steps);
  } else {
    increaseRegisters<P::CONSUMER_REGISTERS>();
    consume<P, Epilogue>(args, plan, tiles, steps, warp, lane);
  }
}

}  // namespace gemm

// The facts that a launch needs. `...` is the kernel's Plan.
#define GEMM_SM90_FACTS(kernel, ...)                             \
  LAUNCH_FACT(kernel, sharedBytes, (__VA_ARGS__::BYTES))         \
  LAUNCH_FACT(kernel, tileRows, (__VA_ARGS__::TILE_ROWS))        \
  LAUNCH_FACT(kernel, tileColumns, (__VA_ARGS__::COLUMNS))       \
  LAUNCH_FACT(kernel, boxColumns, (__VA_ARGS__::DEPTH))          \
  LAUNCH_FACT(kernel, boxRows, (__VA_ARGS__::TILE_ROWS))         \
  LAUNCH_FACT(kernel, weightBoxRows, (__VA_ARGS__::COLUMNS))     \
  LAUNCH_FACT(kernel, swizzleBytes, (gemm::LINE_BYTES))
