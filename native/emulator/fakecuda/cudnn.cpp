// libcudnn_graph.so.9: graphs of one operation, fused attention, over the emulator. Numbers are those of cudnn_graph.h. A descriptor is a
// bag of attributes; finalizing checks them as far as a caller can get them wrong.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "../emulator.h"
#include "fakecuda.h"

#define API FAKECUDA_EXPORT int

namespace {

enum Status { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, EXECUTION_FAILED = 5000 };
enum Kind { ENGINE = 2, ENGINE_CONFIG = 3, HEURISTIC = 4, PLAN = 5, KNOB_CHOICE = 7, GRAPH = 15, VARIANT_PACK = 16, TENSOR = 17, ATTENTION = 41 };
enum Type { HANDLE = 0, DATA_TYPE = 1, BOOLEAN = 2, INT64 = 3, VOID_POINTER = 6, HEURISTIC_MODE = 8, KNOB_TYPE = 9, NUMERICAL_NOTE = 11, DESCRIPTOR = 15 };
enum Attribute {
  HEURISTIC_KIND = 200,
  HEURISTIC_GRAPH = 201,
  HEURISTIC_RESULTS = 202,
  CONFIG_ENGINE = 300,
  CONFIG_KNOBS = 302,
  PLAN_HANDLE = 400,
  PLAN_CONFIG = 401,
  PLAN_WORKSPACE = 402,
  KNOB_KIND = 600,
  KNOB_VALUE = 601,
  GRAPH_HANDLE = 800,
  GRAPH_OPERATIONS = 801,
  TENSOR_ALIGNMENT = 900,
  TENSOR_TYPE = 901,
  TENSOR_EXTENTS = 902,
  TENSOR_STRIDES = 903,
  TENSOR_ID = 906,
  TENSOR_BY_VALUE = 908,
  TENSOR_OFFSETS = 913,
  PACK_IDS = 1000,
  PACK_POINTERS = 1001,
  PACK_WORKSPACE = 1003,
  ENGINE_GRAPH = 1300,
  ENGINE_INDEX = 1301,
  ENGINE_NOTES = 1303,
  Q = 2800,
  K = 2801,
  V = 2802,
  O = 2803,
  SCALE = 2805,
  QUERY_LENGTHS = 2809,
  KEY_LENGTHS = 2810
};
enum DataType { FLOAT = 0, HALF = 2, INT32 = 4 };
constexpr int MODE_A = 3;
constexpr int KNOBS_OF_CONFIG = 1;
constexpr int64_t WORKSPACE_BYTES = 256;
// In the order in which the heuristic proposes them. The first one adds in an order that changes, the second compiles for no device.
constexpr int64_t NONDETERMINISTIC_ENGINE = 5, UNUSABLE_ENGINE = 7, GOOD_ENGINE = 9;
constexpr int64_t ENGINES[] = {NONDETERMINISTIC_ENGINE, UNUSABLE_ENGINE, GOOD_ENGINE};
constexpr int64_t TENSOR_CORE_NOTE = 0, NONDETERMINISTIC_NOTE = 4;
constexpr int64_t KNOB_OF_GOOD = 24, VALUE_OF_GOOD = 7;

struct Handle {
  FakeStream* stream = nullptr;
};

struct Descriptor {
  int kind;
  bool finalized = false;
  std::map<int, std::vector<int64_t>> values;

  bool has(int attribute) const { return values.count(attribute) != 0; }
  int64_t first(int attribute) const { return values.at(attribute).front(); }
  const Descriptor* descriptor(int attribute) const { return reinterpret_cast<const Descriptor*>(first(attribute)); }
};

size_t bytesOf(int type) {
  switch (type) {
    case BOOLEAN: return 1;
    case DATA_TYPE: case HEURISTIC_MODE: case KNOB_TYPE: case NUMERICAL_NOTE: return 4;
    default: return 8;
  }
}

bool rank4(const Descriptor& tensor) { return tensor.values.at(TENSOR_EXTENTS).size() == 4 && tensor.values.at(TENSOR_STRIDES).size() == 4; }

bool finalizedTensor(const Descriptor& d, int attribute) {
  return d.has(attribute) && d.descriptor(attribute)->kind == TENSOR && d.descriptor(attribute)->finalized;
}

bool checkTensor(const Descriptor& d) {
  bool whole = d.has(TENSOR_TYPE) && d.has(TENSOR_EXTENTS) && d.has(TENSOR_STRIDES) && d.has(TENSOR_ID) && d.has(TENSOR_ALIGNMENT);
  return whole && d.values.at(TENSOR_EXTENTS).size() == d.values.at(TENSOR_STRIDES).size();
}

// q, k and v must be of one shape, heads inside of rows, and have the offsets and lengths that belong together.
bool checkAttention(const Descriptor& d) {
  for (int each : {Q, K, V, O, SCALE}) {
    if (!finalizedTensor(d, each)) return false;
  }
  const Descriptor& q = *d.descriptor(Q);
  const std::vector<int64_t>& strides = q.values.at(TENSOR_STRIDES);
  for (int each : {K, V}) {
    const Descriptor& other = *d.descriptor(each);
    if (other.values.at(TENSOR_EXTENTS) != q.values.at(TENSOR_EXTENTS) || other.values.at(TENSOR_STRIDES) != strides) return false;
  }
  bool types = q.first(TENSOR_TYPE) == HALF && d.descriptor(O)->first(TENSOR_TYPE) == HALF && d.descriptor(SCALE)->first(TENSOR_TYPE) == FLOAT;
  bool shapes = rank4(q) && rank4(*d.descriptor(O)) && d.descriptor(O)->values.at(TENSOR_EXTENTS) == q.values.at(TENSOR_EXTENTS);
  if (!types || !shapes || !d.descriptor(SCALE)->has(TENSOR_BY_VALUE)) return false;
  int64_t headWidth = q.values.at(TENSOR_EXTENTS)[3];
  bool rows = strides[3] == 1 && strides[1] == headWidth && strides[2] >= 3 * headWidth * q.values.at(TENSOR_EXTENTS)[1] && headWidth % 8 == 0;
  bool ragged = q.has(TENSOR_OFFSETS);
  bool lengths = finalizedTensor(d, QUERY_LENGTHS) && finalizedTensor(d, KEY_LENGTHS);
  return rows && ragged == d.descriptor(O)->has(TENSOR_OFFSETS) && (lengths || (!d.has(QUERY_LENGTHS) && !d.has(KEY_LENGTHS) && !ragged));
}

bool check(const Descriptor& d) {
  switch (d.kind) {
    case TENSOR: return checkTensor(d);
    case ATTENTION: return checkAttention(d);
    case GRAPH:
      return d.has(GRAPH_HANDLE) && d.has(GRAPH_OPERATIONS) && d.values.at(GRAPH_OPERATIONS).size() == 1 &&
             d.descriptor(GRAPH_OPERATIONS)->finalized;
    case HEURISTIC:
      return d.has(HEURISTIC_GRAPH) && d.descriptor(HEURISTIC_GRAPH)->finalized && d.has(HEURISTIC_KIND) && d.first(HEURISTIC_KIND) == MODE_A;
    case ENGINE: return d.has(ENGINE_GRAPH) && d.descriptor(ENGINE_GRAPH)->finalized && d.has(ENGINE_INDEX);
    case KNOB_CHOICE: return d.has(KNOB_KIND) && d.has(KNOB_VALUE);
    case ENGINE_CONFIG: return d.has(CONFIG_ENGINE) && d.descriptor(CONFIG_ENGINE)->finalized;
    case PLAN: return d.has(PLAN_HANDLE) && d.has(PLAN_CONFIG) && d.descriptor(PLAN_CONFIG)->finalized;
    case VARIANT_PACK:
      return d.has(PACK_IDS) && d.has(PACK_POINTERS) && d.has(PACK_WORKSPACE) &&
             d.values.at(PACK_IDS).size() == d.values.at(PACK_POINTERS).size();
    default: return false;
  }
}

// The engine of a configuration: the heuristic's own, or one that the caller has put together.
int64_t engineOf(const Descriptor& config) { return config.descriptor(CONFIG_ENGINE)->first(ENGINE_INDEX); }

const Descriptor& operationOf(const Descriptor& plan) {
  return *plan.descriptor(PLAN_CONFIG)->descriptor(CONFIG_ENGINE)->descriptor(ENGINE_GRAPH)->descriptor(GRAPH_OPERATIONS);
}

// Where a tensor lies, or 0.
uint64_t find(const Descriptor& pack, const Descriptor* tensor) {
  if (tensor == nullptr) return 0;
  const std::vector<int64_t>& ids = pack.values.at(PACK_IDS);
  for (size_t i = 0; i < ids.size(); i++) {
    if (ids[i] == tensor->first(TENSOR_ID)) return static_cast<uint64_t>(pack.values.at(PACK_POINTERS)[i]);
  }
  return 0;
}

}  // namespace

FAKECUDA_EXPORT size_t cudnnGetVersion() { return 91900; }

FAKECUDA_EXPORT const char* cudnnGetErrorString(int status) {
  switch (status) {
    case SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    case EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
    case 4002: return "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED";
    case 4003: return "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED";
    default: return "CUDNN_STATUS_UNKNOWN";
  }
}

API cudnnCreate(Handle** handle) {
  FAIL_IF_ORDERED();
  fakecuda_count(1);
  *handle = new Handle{};
  return SUCCESS;
}

API cudnnDestroy(Handle* handle) {
  FAIL_IF_ORDERED();
  fakecuda_count(-1);
  delete handle;
  return SUCCESS;
}

API cudnnSetStream(Handle* handle, FakeStream* stream) {
  FAIL_IF_ORDERED();
  handle->stream = stream;
  return SUCCESS;
}

API cudnnBackendCreateDescriptor(int kind, Descriptor** descriptor) {
  FAIL_IF_ORDERED();
  fakecuda_count(1);
  *descriptor = new Descriptor{kind, false, {}};
  return SUCCESS;
}

API cudnnBackendDestroyDescriptor(Descriptor* descriptor) {
  FAIL_IF_ORDERED();
  fakecuda_count(-1);
  delete descriptor;
  return SUCCESS;
}

API cudnnBackendSetAttribute(Descriptor* descriptor, int attribute, int type, int64_t count, const void* values) {
  FAIL_IF_ORDERED();
  if (descriptor->finalized || count < 1 || values == nullptr) return BAD_PARAM;
  std::vector<int64_t>& into = descriptor->values[attribute];
  into.assign(static_cast<size_t>(count), 0);
  for (size_t i = 0; i < into.size(); i++) memcpy(&into[i], static_cast<const char*>(values) + i * bytesOf(type), bytesOf(type));
  return SUCCESS;
}

API cudnnBackendFinalize(Descriptor* descriptor) {
  FAIL_IF_ORDERED();
  if (descriptor->finalized || !check(*descriptor)) return BAD_PARAM;
  if (descriptor->kind == PLAN && engineOf(*descriptor->descriptor(PLAN_CONFIG)) == UNUSABLE_ENGINE) return NOT_SUPPORTED;
  descriptor->finalized = true;
  return SUCCESS;
}

API cudnnBackendGetAttribute(Descriptor* descriptor, int attribute, int type, int64_t wanted, int64_t* count, void* values) {
  FAIL_IF_ORDERED();
  if (!descriptor->finalized) return BAD_PARAM;
  auto one = [&](int64_t value) {
    *count = 1;
    if (wanted > 0) memcpy(values, &value, bytesOf(type));
    return SUCCESS;
  };
  auto descriptors = static_cast<Descriptor**>(values);
  switch (attribute) {
    case HEURISTIC_RESULTS:
      *count = static_cast<int64_t>(std::size(ENGINES));
      for (int64_t i = 0; i < wanted && i < *count; i++) {
        Descriptor& config = *descriptors[i];
        config.values[HEURISTIC_GRAPH] = descriptor->values[HEURISTIC_GRAPH];
        config.values[ENGINE_INDEX] = {ENGINES[i]};
        // The heuristic's configurations have an engine inside, which the caller gets a copy of.
        config.values[CONFIG_ENGINE] = {reinterpret_cast<int64_t>(&config)};
        config.values[ENGINE_GRAPH] = descriptor->values[HEURISTIC_GRAPH];
        config.finalized = true;
      }
      return SUCCESS;
    case CONFIG_ENGINE:
      *count = 1;
      if (wanted > 0) {
        descriptors[0]->values[ENGINE_INDEX] = {engineOf(*descriptor)};
        descriptors[0]->values[ENGINE_GRAPH] = descriptor->descriptor(CONFIG_ENGINE)->values.at(ENGINE_GRAPH);
        descriptors[0]->finalized = true;
      }
      return SUCCESS;
    case CONFIG_KNOBS:
      *count = KNOBS_OF_CONFIG;
      if (wanted > 0) {
        descriptors[0]->values[KNOB_KIND] = {KNOB_OF_GOOD};
        descriptors[0]->values[KNOB_VALUE] = {VALUE_OF_GOOD};
        descriptors[0]->finalized = true;
      }
      return SUCCESS;
    case ENGINE_NOTES:
      return one(descriptor->first(ENGINE_INDEX) == NONDETERMINISTIC_ENGINE ? NONDETERMINISTIC_NOTE : TENSOR_CORE_NOTE);
    case PLAN_WORKSPACE:
      return one(WORKSPACE_BYTES);
    default:
      return descriptor->has(attribute) ? one(descriptor->first(attribute)) : BAD_PARAM;
  }
}

API cudnnBackendExecute(Handle* handle, Descriptor* plan, Descriptor* pack) {
  FAIL_IF_ORDERED();
  if (!plan->finalized || !pack->finalized || plan->kind != PLAN || pack->kind != VARIANT_PACK) return BAD_PARAM;
  const Descriptor& operation = operationOf(*plan);
  const Descriptor& q = *operation.descriptor(Q);
  const Descriptor& out = *operation.descriptor(O);
  const Descriptor* lengths = operation.has(QUERY_LENGTHS) ? operation.descriptor(QUERY_LENGTHS) : nullptr;
  const Descriptor* keyLengths = operation.has(KEY_LENGTHS) ? operation.descriptor(KEY_LENGTHS) : nullptr;
  const Descriptor* offsets = q.has(TENSOR_OFFSETS) ? q.descriptor(TENSOR_OFFSETS) : nullptr;
  const Descriptor* outOffsets = out.has(TENSOR_OFFSETS) ? out.descriptor(TENSOR_OFFSETS) : nullptr;
  uint64_t scale = find(*pack, operation.descriptor(SCALE));
  uint64_t addresses[] = {find(*pack, &q), find(*pack, operation.descriptor(K)), find(*pack, operation.descriptor(V)), find(*pack, &out)};
  bool given = scale != 0 && (lengths == nullptr || find(*pack, lengths) != 0) && (offsets == nullptr || find(*pack, offsets) != 0);
  for (uint64_t each : addresses) given = given && each != 0 && each % 16 == 0;
  if (!given || pack->first(PACK_WORKSPACE) == 0) return BAD_PARAM;
  uint32_t scaleBits;
  memcpy(&scaleBits, reinterpret_cast<const void*>(scale), sizeof scaleBits);
  std::vector<int64_t> extents = q.values.at(TENSOR_EXTENTS);
  int64_t pitch = q.values.at(TENSOR_STRIDES)[2], outPitch = out.values.at(TENSOR_STRIDES)[2];
  uint64_t tables[] = {find(*pack, lengths), find(*pack, keyLengths), find(*pack, offsets), find(*pack, outOffsets)};
  bool done = fakecuda_submit(handle->stream, [=] {
    int sequences = static_cast<int>(extents[0]), heads = static_cast<int>(extents[1]), rows = static_cast<int>(extents[2]);
    return emulator_attention(sequences, rows, heads, static_cast<int>(extents[3]), scaleBits, addresses[0], addresses[1], addresses[2], pitch,
                              addresses[3], outPitch, tables[0], tables[1], tables[2], tables[3]);
  });
  return done ? SUCCESS : EXECUTION_FAILED;
}
