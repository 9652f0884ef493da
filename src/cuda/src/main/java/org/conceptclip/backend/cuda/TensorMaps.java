package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.TensorMap;

/**
 * Encoded tensor maps of matrices. A map says where and how large something is, not what is there, so one that was made once stays
 * right; the most recently used ones are kept, because a pass asks for some hundred of them. Not thread-safe.
 */
final class TensorMaps {
  /** Weights and activations of both towers, each with the boxes of a few tiles: some 600. A map takes 128 bytes. */
  private static final int CAPACITY = 2048;

  private final CudaDriver driver;
  private final LinkedHashMap<Matrix, MemorySegment> maps = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * What a map describes: a matrix whose rows are made of parts beside each other, of which a bulk copy takes some columns of one.
   *
   * @param address of element 0
   * @param columns of a part
   * @param parts of a row: the heads of queries, keys and values, or 1
   * @param rowBytes between the beginnings of rows
   * @param boxColumns of what one bulk copy takes
   * @param boxRows of what one bulk copy takes
   */
  record Matrix(long address, TensorMap.Element element, long columns, long parts, long rows, long rowBytes, int boxColumns, int boxRows,
      int swizzleBytes) {
    /** One part. */
    static Matrix of(
        ProductPlan.Tile tile, TensorMap.Element element, long address, long columns, long rows, long rowBytes, String boxRows) {
      return new Matrix(
          address, element, columns, 1, rows, rowBytes, tile.fact("boxColumns"), tile.fact(boxRows), tile.fact("swizzleBytes"));
    }

    /** Kernels share one instruction for boxes of rank 3, so a row of one part has an axis of one element in the middle. */
    TensorMap map() {
      long partBytes = parts == 1 ? rowBytes : columns * element.bytes();
      return new TensorMap(address, element, new long[] {columns, parts, rows}, new long[] {partBytes, rowBytes},
          new int[] {boxColumns, 1, boxRows}, TensorMap.Swizzle.valueOf("BYTES_" + swizzleBytes));
    }
  }

  TensorMaps(CudaDriver driver) {
    this.driver = driver;
  }

  /** The bytes of a map. They must not be changed. */
  MemorySegment encoded(Matrix matrix) {
    MemorySegment known = maps.get(matrix);
    if (known == null) {
      known = driver.encodeTensorMap(matrix.map());
      maps.put(matrix, known);
      if (maps.size() > CAPACITY) {
        maps.pollFirstEntry();
      }
    }
    return known;
  }
}
