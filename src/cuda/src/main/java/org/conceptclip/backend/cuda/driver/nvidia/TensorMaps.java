package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudart.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.bytedeco.cuda.cudart.CUtensorMap;
import org.conceptclip.backend.cuda.driver.TensorMap;

/** Tensor maps, as CUDA encodes them. */
final class TensorMaps {
  private static final int BYTES = 128;
  private static final int ALIGNMENT = 64;

  private TensorMaps() {}

  /** The 128 bytes of a map, on the Java heap. */
  static MemorySegment encode(TensorMap map, CudaStatus status) {
    int rank = map.extents().length;
    int[] everyElement = new int[rank];
    Arrays.fill(everyElement, 1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment encoded = arena.allocate(BYTES, ALIGNMENT);
      CUtensorMap out = new CUtensorMap(new RawPointer(encoded.address()));
      status.check("cuTensorMapEncodeTiled",
          cuTensorMapEncodeTiled(out, CU_TENSOR_MAP_DATA_TYPE_FLOAT16, rank, new RawPointer(map.address()), map.extents(),
              map.strideBytes(), map.box(), everyElement, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle(map.swizzle()),
              CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
          map::describe);
      return MemorySegment.ofArray(new byte[BYTES]).copyFrom(encoded);
    }
  }

  private static int swizzle(TensorMap.Swizzle swizzle) {
    return switch (swizzle) {
      case NONE -> CU_TENSOR_MAP_SWIZZLE_NONE;
      case BYTES_32 -> CU_TENSOR_MAP_SWIZZLE_32B;
      case BYTES_64 -> CU_TENSOR_MAP_SWIZZLE_64B;
      case BYTES_128 -> CU_TENSOR_MAP_SWIZZLE_128B;
    };
  }
}
