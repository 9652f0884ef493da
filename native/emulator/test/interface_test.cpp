// The C interface by itself: what it refuses, how it counts memory, and the matrix product against loops in float64.
#include <algorithm>
#include <cstring>

#include "kernel_test.hpp"

namespace {

using namespace test;

void requireRefused(int status, int expected, const char* part, const std::string& what) {
  char message[1000];
  emulator_last_error(message, sizeof(message));
  if (status != expected) fail(what, "status " + std::to_string(status) + ", expected " + std::to_string(expected));
  if (std::strstr(message, part) == nullptr) fail(what, std::string("the message is: ") + message + "; expected in it: " + part);
}

void testMemory() {
  uint64_t before = emulator_allocated_bytes(), a = 0, b = 0;
  require(emulator_allocate(1000, &a), "allocation");
  if (emulator_allocated_bytes() != before + 1000) fail("memory", "1000 bytes more are not counted");
  if (a % 256 != 0 || a % 512 == 0) fail("memory", "an address is not aligned to 256 bytes, or to more");
  unsigned char bytes[1000];
  require(emulator_copy_to_host(bytes, a, 1000), "copy");
  if (std::any_of(bytes, bytes + 1000, [](unsigned char each) { return each != 0xff; })) fail("memory", "is not 0xff at first");
  require(emulator_fill(a, 7, 1000), "fill");
  require(emulator_copy(reinterpret_cast<uint64_t>(bytes), a, 1000), "copy");
  if (std::any_of(bytes, bytes + 1000, [](unsigned char each) { return each != 7; })) fail("memory", "is not as it was filled");

  requireRefused(emulator_fill(a + 1, 0, 1000), EMULATOR_INVALID_ARGUMENT, "byte 1 of an allocation of 1000 bytes", "fill past the end");
  requireRefused(emulator_copy(a, a - 1, 8), EMULATOR_INVALID_ARGUMENT, "1 bytes before an allocation", "copy from before the begin");
  requireRefused(emulator_free(a + 256), EMULATOR_INVALID_ARGUMENT, "expected the begin of a live allocation", "free of a middle");

  require(emulator_set_memory_limit(before + 1500), "limit");
  requireRefused(emulator_allocate(501, &b), EMULATOR_OUT_OF_MEMORY, "no room for 501 bytes", "allocation past the limit");
  require(emulator_allocate(500, &b), "allocation up to the limit");
  require(emulator_set_memory_limit(0), "limit");
  require(emulator_free(a), "free");
  require(emulator_free(b), "free");
  requireRefused(emulator_free(a), EMULATOR_INVALID_ARGUMENT, "a freed allocation of 1000 bytes", "second free");
  requireRefused(emulator_copy_to_host(bytes, a, 1), EMULATOR_INVALID_ARGUMENT, "a freed allocation", "copy of freed memory");
  if (emulator_allocated_bytes() != before) fail("memory", "what was freed is still counted");
}

void testLaunches() {
  char arguments[64] = {};
  requireRefused(emulator_launch("no_such_kernel", 1, 1, 1, 32, 0, CAPABILITY, arguments, 64), EMULATOR_UNKNOWN_KERNEL, "no_such_kernel", "unknown kernel");
  const char* known = emulator_kernel_name(0);
  requireRefused(emulator_launch(known, 1, 1, 1, 2048, 0, CAPABILITY, arguments, 64), EMULATOR_INVALID_ARGUMENT, "2048 threads", "too many threads");
  requireRefused(emulator_launch(known, 0, 1, 1, 32, 0, CAPABILITY, arguments, 64), EMULATOR_INVALID_ARGUMENT, "grid (0, 1, 1)", "empty grid");
  requireRefused(emulator_launch(known, 1, 1, 1, 32, 227 * 1024 + 1, CAPABILITY, arguments, 64), EMULATOR_INVALID_ARGUMENT, "bytes of shared memory",
                 "too much shared memory");
  requireRefused(emulator_launch(known, 1, 1, 1, 32, 0, CAPABILITY, arguments, 3), EMULATOR_INVALID_ARGUMENT, "3 bytes of arguments", "size of arguments");
  for (int i = 1; i < emulator_kernel_count(); i++) {
    if (std::strcmp(emulator_kernel_name(i - 1), emulator_kernel_name(i)) >= 0) fail("kernel names", "are not ascending, or one is there twice");
  }
  if (emulator_kernel_name(emulator_kernel_count()) != nullptr) fail("kernel names", "one past the end");
}

Matrix randomMatrix(int rows, int columns, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  Matrix values(rows, std::vector<double>(columns));
  for (auto& row : values) {
    for (double& each : row) each = static_cast<f16>(uniform(random));
  }
  return values;
}

// Sums of exact products as tensor cores add them, in f16 or f32, with what was there and a bias.
void testProducts() {
  constexpr int ROWS = 13, INPUTS = 72, OUTPUTS = 88, PITCH = 96, STEPS = (INPUTS + 15) / 16;
  std::mt19937 random(5);
  Matrix x = randomMatrix(ROWS, INPUTS, random), weight = randomMatrix(OUTPUTS, INPUTS, random);
  Matrix bias = randomMatrix(1, OUTPUTS, random), old = randomMatrix(ROWS, OUTPUTS, random);
  DeviceMatrix<f16> deviceX(x, PITCH, f16(-1)), deviceWeight(weight, INPUTS, f16(-1));
  DeviceMatrix<float> deviceBias(bias, OUTPUTS, -1.0f), whole(old, PITCH, 0.0f);
  require(emulator_matmul(ROWS, INPUTS, OUTPUTS, deviceX.address(), PITCH, deviceWeight.address(), deviceBias.address(), whole.address(), PITCH,
                          1, 1, CAPABILITY),
          "product");
  Matrix result = whole.download("product");
  for (int row = 0; row < ROWS; row++) {
    for (int o = 0; o < OUTPUTS; o++) {
      double expected = old[row][o] + bias[0][o], size = std::abs(expected);
      for (int k = 0; k < INPUTS; k++) {
        expected += x[row][k] * weight[o][k];
        size += std::abs(x[row][k] * weight[o][k]);
      }
      // In a step, 17 pieces lose less than 2^-25 of the largest each and their sum less than 2^-23; the last two additions round by 2^-24 at most.
      double limit = (STEPS * (17 * 0x1p-25 + 0x1p-23) + 2 * 0x1p-24) * size;
      if (!(std::abs(result[row][o] - expected) <= limit)) fail("product", "element " + std::to_string(row) + ", " + std::to_string(o));
    }
  }
  for (int rows = 1; rows < ROWS; rows++) {
    DeviceMatrix<float> fewer(Matrix(old.begin(), old.begin() + rows), PITCH, 0.0f);
    require(emulator_matmul(rows, INPUTS, OUTPUTS, deviceX.address(), PITCH, deviceWeight.address(), deviceBias.address(), fewer.address(),
                            PITCH, 1, 1, CAPABILITY),
            "product");
    Matrix part = fewer.download("product of fewer rows");
    if (!std::equal(part.begin(), part.end(), result.begin())) fail("product", "bits depend on the number of rows, " + std::to_string(rows));
  }

  uint64_t out = whole.address(), w = deviceWeight.address();
  requireRefused(emulator_matmul(1, INPUTS, OUTPUTS, 0, PITCH, w, 0, out, PITCH, 1, 0, CAPABILITY), EMULATOR_INVALID_ARGUMENT, "x of 144 bytes", "no x");
  requireRefused(emulator_matmul(1, INPUTS, 84, deviceX.address(), PITCH, w, 0, out, PITCH, 1, 0, CAPABILITY), EMULATOR_INVALID_ARGUMENT, "84 outputs",
                 "outputs that are no multiple of 8");
  requireRefused(emulator_matmul(1, INPUTS, OUTPUTS, deviceX.address(), 64, w, 0, out, PITCH, 1, 0, CAPABILITY), EMULATOR_INVALID_ARGUMENT, "pitches 64",
                 "pitch below the inputs");
  requireRefused(emulator_matmul(1, INPUTS, OUTPUTS, deviceX.address() + 8, PITCH, w, 0, out, PITCH, 1, 0, CAPABILITY), EMULATOR_INVALID_ARGUMENT,
                 "expected an alignment of 16", "misaligned x");
}

// What else is refused: HopperPlantedDefectsTest.
void testTensorMaps() {
  alignas(64) unsigned char map[128];
  uint64_t extents[] = {48, 4}, strides[] = {48};
  int32_t box[] = {48, 2};
  require(emulator_encode_tensor_map(4096, 1, 2, extents, strides, box, 0, map), "map of bytes");
  requireRefused(emulator_encode_tensor_map(4096, 2, 2, extents, strides, box, 0, map), EMULATOR_INVALID_ARGUMENT, "stride of 48 bytes of axis 1",
                 "map of f16 whose rows overlap");
  requireRefused(emulator_encode_tensor_map(4096, 4, 2, extents, strides, box, 0, map), EMULATOR_INVALID_ARGUMENT, "elements of 4 bytes",
                 "map of another type");
}

}  // namespace

int main() {
  testMemory();
  testLaunches();
  testTensorMaps();
  testProducts();
  return test::finish("interface_test");
}
