// Pillow's antialiased bicubic resize of RGB bytes, equal in every byte: along the columns first, rounded and clipped to 0..255, then along
// the rows.
//
// out = clip((2^21 + sum_t source[first + t] * weight[t]) >> 22, 0, 255), t < count: integers, so the order of the sum is free
//
// resize_columns: source u8 [height, width, 3] to out u8 [height, outputs, 3]
//   grid: (ceil(height / 4), ceil(3 * outputs / 128)) blocks of 128 threads; a thread makes one byte of each of 4 rows
// resize_rows: source u8 [height, width, 3] to out u8 [outputs, width, 3]
//   grid: (outputs, ceil(3 * width / 128)) blocks of 128 threads, a byte a thread
// first and count [outputs] i32, weights [outputs, taps] i32 in units of 2^-22, made by the host in float64: their last bit is part of the
// format. Sums of |weight| stay below 2^31 / 255.
// shared memory: none
// registers: resize_columns sm_80 37, sm_90a 38
// registers: resize_rows sm_80 54, sm_90a 48
// work: 1024 x 1024 to 384 x 384, 11 taps: 3.1 MB read, 1.2 MB written; 1.2 MB read (L2), 0.4 MB written; 18 M multiply-adds
// roof: HBM, 1.4 us at the 3.35 TB/s of an H100; the loads of single bytes make it more, the way from the host (3.1 MB) dwarfs both
// test: ResizeCases of the op contract, with the fixtures that Pillow made
#include "device.cuh"

namespace {

constexpr int RESIZE_THREADS = 128;
constexpr int CHANNELS = 3;
// Rows of a thread in resize_columns: each weight is read once for all of them.
constexpr int ROWS = 4;
constexpr int WEIGHT_BITS = 22;
constexpr int HALF = 1 << (WEIGHT_BITS - 1);

struct Arguments {
  Global<uint8_t> source;
  Global<uint8_t> out;
  Global<int32_t> first;
  Global<int32_t> count;
  Global<int32_t> weights;
  int32_t height;
  int32_t width;
  int32_t outputs;
  int32_t taps;
};

DEVICE uint8_t clipped(int sum) {
  int value = sum >> WEIGHT_BITS;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

}  // namespace

KERNEL(resize_columns, Arguments, RESIZE_THREADS, 8) {
  int byte = blockIdx.y * RESIZE_THREADS + threadIdx.x;
  if (byte >= args.outputs * CHANNELS) {
    return;
  }
  int output = byte / CHANNELS;
  int from = args.first.get(output) * CHANNELS + byte % CHANNELS;
  int count = args.count.get(output);
  int64_t weights = static_cast<int64_t>(output) * args.taps;
  int firstRow = blockIdx.x * ROWS;
  int64_t rowBytes = static_cast<int64_t>(args.width) * CHANNELS;

  int sums[ROWS];
#pragma unroll
  for (int row = 0; row < ROWS; row++) {
    sums[row] = HALF;
  }
  for (int tap = 0; tap < count; tap++) {
    int weight = args.weights.get(weights + tap);
#pragma unroll
    for (int row = 0; row < ROWS; row++) {
      if (firstRow + row < args.height) {
        sums[row] += args.source.get((firstRow + row) * rowBytes + from + tap * CHANNELS) * weight;
      }
    }
  }
#pragma unroll
  for (int row = 0; row < ROWS; row++) {
    if (firstRow + row < args.height) {
      args.out.set(static_cast<int64_t>(firstRow + row) * args.outputs * CHANNELS + byte, clipped(sums[row]));
    }
  }
}

KERNEL(resize_rows, Arguments, RESIZE_THREADS, 8) {
  int output = blockIdx.x;
  int byte = blockIdx.y * RESIZE_THREADS + threadIdx.x;
  int rowBytes = args.width * CHANNELS;
  if (byte >= rowBytes) {
    return;
  }
  int64_t from = static_cast<int64_t>(args.first.get(output)) * rowBytes + byte;
  int count = args.count.get(output);
  int64_t weights = static_cast<int64_t>(output) * args.taps;
  int sum = HALF;
  for (int tap = 0; tap < count; tap++) {
    sum += args.source.get(from + static_cast<int64_t>(tap) * rowBytes) * args.weights.get(weights + tap);
  }
  args.out.set(static_cast<int64_t>(output) * rowBytes + byte, clipped(sum));
}
