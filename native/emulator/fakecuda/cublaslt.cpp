// libcublasLt.so of CUDA_MAJOR: matrix products over the emulator. Numbers are those of cublasLt.h. Everything that describes a product is
// checked, so that a wrong transpose, type or leading dimension fails instead of being guessed right.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

#include "../emulator.h"
#include "fakecuda.h"

#define API FAKECUDA_EXPORT int

extern "C" int cuDeviceGetAttribute(int* value, int attribute, int device);

namespace {

enum Status { SUCCESS = 0, ALLOC_FAILED = 3, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { FLOAT32 = 0, FLOAT16 = 2 };

constexpr int CAPABILITY_MAJOR = 75, CAPABILITY_MINOR = 76;
constexpr int COMPUTE_32F = 68;
constexpr int OP_T = 1;
constexpr int EPILOGUE_DEFAULT = 1;
constexpr int EPILOGUE_BIAS = 4;

struct Handle {};
struct Operation {
  int transposeA = 0;
  int transposeB = 0;
  int epilogue = EPILOGUE_DEFAULT;
  int biasType = -1;
  uint64_t bias = 0;
};
struct Layout {
  int type;
  uint64_t rows;
  uint64_t columns;
  int64_t leadingDimension;
};
struct Preference {
  uint64_t workspaceBytes = 0;
  uint32_t reductionMask = 7;
  std::map<int, uint32_t> alignments;
};
// cublasLtMatmulAlgo_t is 64 bytes that callers may copy and keep.
struct Algorithm {
  uint64_t magic;
  uint64_t kind;
  uint64_t unused[6];
};
struct HeuristicResult {
  Algorithm algorithm;
  size_t workspaceBytes;
  int status;
  float waves;
  int reserved[4];
};

constexpr uint64_t MAGIC = 0xfa4eULL;
// In the order in which the heuristic proposes them. The first three must not be taken.
enum Kind { SPLITS_SUMS, MANY_ROWS_ONLY, GREEDY, GOOD, KINDS };
constexpr uint64_t MOST_WORKSPACE = uint64_t{1} << 40;

template <typename T>
int create(T** handle, T value) {
  fakecuda_count(1);
  *handle = new T(value);
  return SUCCESS;
}

template <typename T>
int destroy(T* handle) {
  fakecuda_count(-1);
  delete handle;
  return SUCCESS;
}

template <typename T>
int store(T& field, const void* value, size_t bytes) {
  if (bytes != sizeof(T)) {
    return INVALID_VALUE;
  }
  memcpy(&field, value, bytes);
  return SUCCESS;
}

// x W^T the only way that the emulator knows: A = W transposed, B = x, D = C, all in place.
bool wellFormed(const Operation& operation, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  bool types = a.type == FLOAT16 && b.type == FLOAT16 && (d.type == FLOAT16 || d.type == FLOAT32) && c.type == d.type;
  bool shapes = operation.transposeA == OP_T && operation.transposeB == 0 && a.rows == b.rows && a.columns == d.rows &&
                b.columns == d.columns && c.rows == d.rows && c.columns == d.columns;
  bool pitches = a.leadingDimension == static_cast<int64_t>(a.rows) && b.leadingDimension >= static_cast<int64_t>(b.rows) &&
                 d.leadingDimension >= static_cast<int64_t>(d.rows) && c.leadingDimension == d.leadingDimension &&
                 b.leadingDimension % 8 == 0 && d.leadingDimension % 8 == 0;
  bool epilogue = operation.epilogue == EPILOGUE_DEFAULT || (operation.epilogue == EPILOGUE_BIAS && operation.biasType == d.type);
  return types && shapes && pitches && epilogue;
}

int checkAlgorithm(const Algorithm& algorithm, const Layout& d, HeuristicResult& result) {
  if (algorithm.magic != MAGIC || algorithm.kind >= KINDS) {
    return INVALID_VALUE;
  }
  if (algorithm.kind == MANY_ROWS_ONLY && d.columns < 64) {
    return NOT_SUPPORTED;
  }
  result = {algorithm, algorithm.kind == GREEDY ? MOST_WORKSPACE : 1024, SUCCESS, 1, {}};
  return SUCCESS;
}

int capabilityOfDevice() {
  int major = 0, minor = 0;
  cuDeviceGetAttribute(&major, CAPABILITY_MAJOR, 0);
  cuDeviceGetAttribute(&minor, CAPABILITY_MINOR, 0);
  return 10 * major + minor;
}

}  // namespace

// CUDA_MAJOR.0.0, or what FAKECUDA_CUBLASLT_VERSION says: a library under the name of another version.
FAKECUDA_EXPORT size_t cublasLtGetVersion() {
  const char* version = getenv("FAKECUDA_CUBLASLT_VERSION");
  return version == nullptr ? CUDA_MAJOR * 10000 : strtoul(version, nullptr, 10);
}

FAKECUDA_EXPORT const char* cublasLtGetStatusName(int status) {
  switch (status) {
    case SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
      return "CUBLAS_STATUS_UNKNOWN";
  }
}

API cublasLtCreate(Handle** handle) {
  FAIL_IF_ORDERED();
  return create(handle, Handle{});
}

API cublasLtDestroy(Handle* handle) {
  FAIL_IF_ORDERED();
  return destroy(handle);
}

API cublasLtMatmulDescCreate(Operation** operation, int computeType, int scaleType) {
  FAIL_IF_ORDERED();
  return computeType == COMPUTE_32F && scaleType == FLOAT32 ? create(operation, Operation{}) : NOT_SUPPORTED;
}

API cublasLtMatmulDescDestroy(Operation* operation) {
  FAIL_IF_ORDERED();
  return destroy(operation);
}

API cublasLtMatmulDescSetAttribute(Operation* operation, int attribute, const void* value, size_t bytes) {
  FAIL_IF_ORDERED();
  switch (attribute) {
    case 3:
      return store(operation->transposeA, value, bytes);
    case 4:
      return store(operation->transposeB, value, bytes);
    case 7:
      return store(operation->epilogue, value, bytes);
    case 8:
      return store(operation->bias, value, bytes);
    case 26:
      return store(operation->biasType, value, bytes);
    default:
      return INVALID_VALUE;
  }
}

API cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns, int64_t leadingDimension) {
  FAIL_IF_ORDERED();
  return create(layout, Layout{type, rows, columns, leadingDimension});
}

API cublasLtMatrixLayoutDestroy(Layout* layout) {
  FAIL_IF_ORDERED();
  return destroy(layout);
}

API cublasLtMatmulPreferenceCreate(Preference** preference) {
  FAIL_IF_ORDERED();
  return create(preference, Preference{});
}

API cublasLtMatmulPreferenceDestroy(Preference* preference) {
  FAIL_IF_ORDERED();
  return destroy(preference);
}

API cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t bytes) {
  FAIL_IF_ORDERED();
  switch (attribute) {
    case 1:
      return store(preference->workspaceBytes, value, bytes);
    case 3:
      return store(preference->reductionMask, value, bytes);
    case 5:
    case 6:
    case 7:
    case 8:
      return store(preference->alignments[attribute], value, bytes);
    default:
      return INVALID_VALUE;
  }
}

API cublasLtMatmulAlgoGetHeuristic(Handle*, Operation* operation, Layout* a, Layout* b, Layout* c, Layout* d, Preference* preference,
                                   int wanted, HeuristicResult* results, int* found) {
  FAIL_IF_ORDERED();
  *found = 0;
  bool asked = preference->reductionMask == 0 && preference->workspaceBytes > 0 && preference->alignments.size() == 4;
  for (auto [attribute, bytes] : preference->alignments) {
    asked = asked && bytes == 16;
  }
  if (!asked || !wellFormed(*operation, *a, *b, *c, *d)) {
    return INVALID_VALUE;
  }
  for (uint64_t kind = 0; kind < KINDS && *found < wanted; kind++) {
    int status = checkAlgorithm({MAGIC, kind, {}}, *d, results[*found]);
    if (status == SUCCESS) {
      ++*found;
    }
  }
  return SUCCESS;
}

API cublasLtMatmulAlgoConfigGetAttribute(const Algorithm* algorithm, int attribute, void* value, size_t bytes, size_t* written) {
  FAIL_IF_ORDERED();
  if (algorithm->magic != MAGIC || bytes != sizeof(int32_t)) {
    return INVALID_VALUE;
  }
  bool splits = algorithm->kind == SPLITS_SUMS;
  // 2: pieces that sums are split into; 3: how these are added.
  int32_t number = attribute == 2 ? (splits ? 4 : 1) : attribute == 3 ? (splits ? 2 : 0) : -1;
  memcpy(value, &number, sizeof number);
  *written = sizeof number;
  return number < 0 ? INVALID_VALUE : SUCCESS;
}

API cublasLtMatmulAlgoCheck(Handle*, Operation* operation, Layout* a, Layout* b, Layout* c, Layout* d, const Algorithm* algorithm,
                            HeuristicResult* result) {
  FAIL_IF_ORDERED();
  return wellFormed(*operation, *a, *b, *c, *d) ? checkAlgorithm(*algorithm, *d, *result) : INVALID_VALUE;
}

API cublasLtMatmul(Handle*, Operation* operation, const float* alpha, uint64_t a, Layout* aLayout, uint64_t b, Layout* bLayout,
                   const float* beta, uint64_t c, Layout* cLayout, uint64_t d, Layout* dLayout, const Algorithm* algorithm, void* workspace,
                   size_t workspaceBytes, FakeStream* stream) {
  FAIL_IF_ORDERED();
  HeuristicResult needs;
  bool known = wellFormed(*operation, *aLayout, *bLayout, *cLayout, *dLayout) && checkAlgorithm(*algorithm, *dLayout, needs) == SUCCESS &&
               needs.workspaceBytes <= workspaceBytes && workspace != nullptr && *alpha == 1 && (*beta == 0 || *beta == 1) && c == d;
  bool biased = operation->epilogue == EPILOGUE_BIAS;
  if (!known || (biased && operation->bias == 0)) {
    return INVALID_VALUE;
  }
  Operation op = *operation;
  Layout x = *bLayout;
  Layout out = *dLayout;
  int accumulate = *beta == 1;
  int capability = capabilityOfDevice();
  bool done = fakecuda_submit(stream, [=] {
    return emulator_matmul(static_cast<int>(out.columns), static_cast<int>(x.rows), static_cast<int>(out.rows), b, x.leadingDimension, a,
                           biased ? op.bias : 0, d, out.leadingDimension, out.type == FLOAT32, accumulate, capability);
  });
  return done ? SUCCESS : EXECUTION_FAILED;
}
