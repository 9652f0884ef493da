#include "matrix_product.hpp"

#include <immintrin.h>

#include <algorithm>
#include <vector>

#include "device_memory.hpp"
#include "launch.hpp"
#include "text.hpp"

namespace emulated {

namespace {

using Half = _Float16;

constexpr int GRANULE = 8;
constexpr uint64_t ALIGNMENT = 16;
// One step of the inner loop: 6 rows by 16 outputs, twelve running sums in registers.
constexpr int STEP_ROWS = 6;
constexpr int STEP_OUTPUTS = 16;
// Outputs of a task: their weights stay in the second-level cache while all rows pass.
constexpr int TASK_OUTPUTS = 64;
constexpr int64_t MAX_PITCH = int64_t{1} << 40;

std::string refusedRange(const char* what, uint64_t address, int64_t bytes) {
  return text(what, " of ", bytes, " bytes begins at ", DeviceMemory::instance().describe(address),
              ", expected it inside one live allocation");
}

std::string findFault(const MatrixProduct& p) {
  if (p.rows < 0 || p.inputs < 1 || p.outputs < 1 || p.inputs % GRANULE != 0 || p.outputs % GRANULE != 0) {
    return text(p.rows, " rows, ", p.inputs, " inputs, ", p.outputs, " outputs: expected extents that are multiples of ", GRANULE);
  }
  if (p.xPitch < p.inputs || p.outPitch < p.outputs || p.xPitch % GRANULE != 0 || p.outPitch % GRANULE != 0 || p.xPitch > MAX_PITCH ||
      p.outPitch > MAX_PITCH) {
    return text("pitches ", p.xPitch, " of x and ", p.outPitch, " of out: expected multiples of ", GRANULE, " from ", p.inputs, " and ",
                p.outputs, " on");
  }
  int64_t outBytes = p.outFloat32 ? sizeof(float) : sizeof(Half);
  struct {
    const char* what;
    uint64_t address;
    int64_t bytes;
  } ranges[] = {{"x", p.x, ((p.rows - 1) * p.xPitch + p.inputs) * static_cast<int64_t>(sizeof(Half))},
                {"weight", p.weight, static_cast<int64_t>(p.outputs) * p.inputs * static_cast<int64_t>(sizeof(Half))},
                {"out", p.out, ((p.rows - 1) * p.outPitch + p.outputs) * outBytes},
                {"bias", p.bias, p.bias == 0 ? 0 : p.outputs * outBytes}};
  const DeviceMemory& memory = DeviceMemory::instance();
  for (const auto& each : ranges) {
    if (each.bytes <= 0) continue;
    if (each.address % ALIGNMENT != 0) return text(each.what, " is at ", memory.describe(each.address), ", expected an alignment of ", ALIGNMENT);
    if (!memory.contains(each.address, static_cast<uint64_t>(each.bytes))) return refusedRange(each.what, each.address, each.bytes);
  }
  return {};
}

void widen(const Half* from, float* to, int count) {
  for (int i = 0; i < count; i += GRANULE) {
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  }
}

// Weights of up to 16 outputs as [inputs][16], zeros beyond the last output.
void pack(const Half* weight, int inputs, int outputs, float* packed) {
  std::fill(packed, packed + static_cast<size_t>(inputs) * STEP_OUTPUTS, 0.0f);
  for (int o = 0; o < outputs; o++) {
    for (int k = 0; k < inputs; k += GRANULE) {
      float values[GRANULE];
      widen(weight + static_cast<size_t>(o) * inputs + k, values, GRANULE);
      for (int i = 0; i < GRANULE; i++) packed[static_cast<size_t>(k + i) * STEP_OUTPUTS + o] = values[i];
    }
  }
}

// Each sum is one chain in the order of the inputs, whatever ROWS is.
template <int ROWS>
void multiplyStep(const float* x, int inputs, const float* packed, float* sums) {
  __m256 running[ROWS][2] = {};
  for (int k = 0; k < inputs; k++) {
    __m256 w0 = _mm256_loadu_ps(packed + static_cast<size_t>(k) * STEP_OUTPUTS);
    __m256 w1 = _mm256_loadu_ps(packed + static_cast<size_t>(k) * STEP_OUTPUTS + 8);
    for (int r = 0; r < ROWS; r++) {
      __m256 value = _mm256_broadcast_ss(x + static_cast<size_t>(r) * inputs + k);
      running[r][0] = _mm256_fmadd_ps(value, w0, running[r][0]);
      running[r][1] = _mm256_fmadd_ps(value, w1, running[r][1]);
    }
  }
  for (int r = 0; r < ROWS; r++) {
    _mm256_storeu_ps(sums + r * STEP_OUTPUTS, running[r][0]);
    _mm256_storeu_ps(sums + r * STEP_OUTPUTS + 8, running[r][1]);
  }
}

void multiplyStep(int rows, const float* x, int inputs, const float* packed, float* sums) {
  switch (rows) {
    case 1: return multiplyStep<1>(x, inputs, packed, sums);
    case 2: return multiplyStep<2>(x, inputs, packed, sums);
    case 3: return multiplyStep<3>(x, inputs, packed, sums);
    case 4: return multiplyStep<4>(x, inputs, packed, sums);
    case 5: return multiplyStep<5>(x, inputs, packed, sums);
    default: return multiplyStep<STEP_ROWS>(x, inputs, packed, sums);
  }
}

// out of one row from output `first` on, in the order of cuBLASLt: what is there is added to the sum, then the bias.
template <typename Out>
void finish(const MatrixProduct& p, int row, int first, int outputs, const float* sums) {
  Out* out = reinterpret_cast<Out*>(p.out) + row * p.outPitch + first;
  const Out* bias = p.bias == 0 ? nullptr : reinterpret_cast<const Out*>(p.bias) + first;
  for (int o = 0; o < outputs; o++) {
    float value = sums[o];
    if (p.accumulate) value += static_cast<float>(out[o]);
    if (bias != nullptr) value += static_cast<float>(bias[o]);
    out[o] = static_cast<Out>(value);
  }
}

void multiplyTask(const MatrixProduct& p, const float* x, int firstOutput) {
  int taskOutputs = std::min(TASK_OUTPUTS, p.outputs - firstOutput);
  size_t panel = static_cast<size_t>(p.inputs) * STEP_OUTPUTS;
  std::vector<float> packed(panel * ((taskOutputs + STEP_OUTPUTS - 1) / STEP_OUTPUTS));
  const Half* weight = reinterpret_cast<const Half*>(p.weight) + static_cast<size_t>(firstOutput) * p.inputs;
  for (int o = 0; o < taskOutputs; o += STEP_OUTPUTS) {
    int outputs = std::min(STEP_OUTPUTS, taskOutputs - o);
    pack(weight + static_cast<size_t>(o) * p.inputs, p.inputs, outputs, &packed[panel * (o / STEP_OUTPUTS)]);
  }
  for (int row = 0; row < p.rows; row += STEP_ROWS) {
    int rows = std::min(STEP_ROWS, p.rows - row);
    for (int o = 0; o < taskOutputs; o += STEP_OUTPUTS) {
      float sums[STEP_ROWS * STEP_OUTPUTS];
      multiplyStep(rows, x + static_cast<size_t>(row) * p.inputs, p.inputs, &packed[panel * (o / STEP_OUTPUTS)], sums);
      int outputs = std::min(STEP_OUTPUTS, taskOutputs - o);
      for (int r = 0; r < rows; r++) {
        if (p.outFloat32) {
          finish<float>(p, row + r, firstOutput + o, outputs, sums + r * STEP_OUTPUTS);
        } else {
          finish<Half>(p, row + r, firstOutput + o, outputs, sums + r * STEP_OUTPUTS);
        }
      }
    }
  }
}

}  // namespace

std::string multiplyMatrices(const MatrixProduct& product) {
  std::string fault = findFault(product);
  if (!fault.empty() || product.rows == 0) return fault;
  std::vector<float> x(static_cast<size_t>(product.rows) * product.inputs);
  for (int r = 0; r < product.rows; r++) {
    widen(reinterpret_cast<const Half*>(product.x) + r * product.xPitch, &x[static_cast<size_t>(r) * product.inputs], product.inputs);
  }
  inParallel((product.outputs + TASK_OUTPUTS - 1) / TASK_OUTPUTS, [&](int64_t task) {
    multiplyTask(product, x.data(), static_cast<int>(task) * TASK_OUTPUTS);
    return true;
  });
  return {};
}

}  // namespace emulated
