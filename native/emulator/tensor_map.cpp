#include "tensor_map.hpp"

#include <algorithm>
#include <cstring>

#include "device_memory.hpp"
#include "emulator.h"
#include "text.hpp"

namespace emulated {

namespace {

constexpr uint64_t MAX_EXTENT = uint64_t{1} << 32;
constexpr uint64_t MAX_STRIDE = uint64_t{1} << 40;
constexpr int MAX_BOX = 256;
constexpr int MAX_ELEMENT_BYTES = 2;
constexpr uint32_t MAX_ROW_BYTES = MAX_BOX * MAX_ELEMENT_BYTES;

std::string checkAxes(int elementBytes, int rank, const uint64_t* extents, const uint64_t* strideBytes, const int32_t* box) {
  uint64_t inner = extents[0] * static_cast<uint64_t>(elementBytes);
  for (int axis = 0; axis < rank; axis++) {
    if (extents[axis] == 0 || extents[axis] > MAX_EXTENT) return text("extent ", extents[axis], " of axis ", axis, ", expected 1 to 2^32");
    if (box[axis] < 1 || box[axis] > MAX_BOX) return text("box of ", box[axis], " along axis ", axis, ", expected 1 to ", MAX_BOX);
    if (axis == 0) continue;
    uint64_t stride = strideBytes[axis - 1];
    if (stride % 16 != 0 || stride >= MAX_STRIDE) {
      return text("stride of ", stride, " bytes of axis ", axis, ", expected a multiple of 16 below 2^40");
    }
    // The manual gives strides as products: each is a multiple of the one before.
    bool holds = axis == 1 ? stride >= inner : stride % strideBytes[axis - 2] == 0 && stride >= strideBytes[axis - 2];
    if (!holds) return text("stride of ", stride, " bytes of axis ", axis, " does not hold whole ones of axis ", axis - 1);
  }
  return {};
}

}  // namespace

uint32_t TensorMapContent::boxBytes() const {
  uint32_t elements = 1;
  for (int axis = 0; axis < rank; axis++) elements *= box[axis];
  return elements * elementBytes;
}

std::string encodeTensorMap(uint64_t address, int elementBytes, int rank, const uint64_t* extents, const uint64_t* strideBytes,
                            const int32_t* box, int swizzle, void* out) {
  if (reinterpret_cast<uint64_t>(out) % 64 != 0) return "the map itself must lie at a multiple of 64";
  if (rank < 2 || rank > TensorMapContent::MAX_RANK) return text("rank ", rank, ", expected 2 to ", TensorMapContent::MAX_RANK);
  if (address % 16 != 0) return text("address ", address, ", expected a multiple of 16");
  if (swizzle < 0 || swizzle > 3) return text("swizzle ", swizzle, ", expected 0 to 3");
  if (elementBytes < 1 || elementBytes > MAX_ELEMENT_BYTES) return text("elements of ", elementBytes, " bytes, expected 1 or 2");
  std::string error = checkAxes(elementBytes, rank, extents, strideBytes, box);
  if (!error.empty()) return error;
  uint32_t rowBytes = static_cast<uint32_t>(box[0] * elementBytes);
  uint32_t span = PIECE_BYTES << swizzle;
  if (rowBytes % PIECE_BYTES != 0) return text("box rows of ", rowBytes, " bytes, expected a multiple of ", PIECE_BYTES);
  if (swizzle != 0 && rowBytes > span) return text("box rows of ", rowBytes, " bytes, the swizzle takes at most ", span);
  TensorMapContent content{};
  content.magic = TensorMapContent::MAGIC;
  content.address = address;
  content.rank = static_cast<uint16_t>(rank);
  content.swizzleSpan = span;
  content.elementBytes = static_cast<uint32_t>(elementBytes);
  for (int axis = 0; axis < rank; axis++) {
    content.extents[axis] = extents[axis];
    content.box[axis] = static_cast<uint16_t>(box[axis]);
    if (axis > 0) content.strideBytes[axis - 1] = strideBytes[axis - 1];
  }
  std::memcpy(out, &content, sizeof(content));
  return {};
}

void readBox(const TensorMapContent& map, const int32_t* start, const Thread& thread, const Site& site,
             const std::function<void(uint32_t, const unsigned char*)>& write) {
  const DeviceMemory& memory = DeviceMemory::instance();
  uint32_t rowBytes = map.boxRowBytes();
  int64_t first = std::max<int64_t>(start[0], 0);
  int64_t end = std::min<int64_t>(int64_t{start[0]} + map.box[0], static_cast<int64_t>(map.extents[0]));
  uint32_t rows = map.boxBytes() / rowBytes;
  for (uint32_t row = 0; row < rows; row++) {
    unsigned char bytes[MAX_ROW_BYTES] = {};
    uint64_t address = map.address;
    bool inside = first < end;
    uint32_t rest = row;
    for (int axis = 1; axis < map.rank; axis++) {
      int64_t at = int64_t{start[axis]} + rest % map.box[axis];
      rest /= map.box[axis];
      inside = inside && at >= 0 && at < static_cast<int64_t>(map.extents[axis]);
      address += static_cast<uint64_t>(at) * map.strideBytes[axis - 1];
    }
    if (inside) {
      uint64_t from = address + static_cast<uint64_t>(first) * map.elementBytes;
      uint64_t length = static_cast<uint64_t>(end - first) * map.elementBytes;
      if (!memory.contains(from, length)) {
        fail(thread, site, text("bulk copy reads ", length, " bytes at ", memory.describe(from), ", expected them inside one live allocation"));
      }
      std::memcpy(bytes + (first - start[0]) * map.elementBytes, reinterpret_cast<const void*>(from), length);
    }
    write(row * rowBytes, bytes);
  }
}

}  // namespace emulated
