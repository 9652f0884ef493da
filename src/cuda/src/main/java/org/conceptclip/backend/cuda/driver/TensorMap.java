package org.conceptclip.backend.cuda.driver;

import java.util.Arrays;

/**
 * A float16 tensor of rank 2 to 5 as the bulk copy engine (TMA) sees it; elements outside {@code extents} read as zero.
 *
 * @param address of element 0, a multiple of 16
 * @param extents elements per axis, innermost first
 * @param strideBytes distance between elements of axis 1, 2, ..., multiples of 16; one less than {@code extents}
 * @param box elements copied per axis, innermost first
 * @param swizzle pattern of the rows in shared memory
 */
public record TensorMap(long address, long[] extents, long[] strideBytes, int[] box, Swizzle swizzle) {
  /** How 16-byte pieces of consecutive rows are exchanged, so that a column of them lies in different banks; in CUDA's order. */
  public enum Swizzle {
    NONE,
    BYTES_32,
    BYTES_64,
    BYTES_128
  }

  /** One line for messages. */
  public String describe() {
    return "extents " + Arrays.toString(extents) + ", stride bytes " + Arrays.toString(strideBytes) + ", box "
        + Arrays.toString(box) + ", swizzle " + swizzle + ", at " + DeviceBlocks.hex(address);
  }
}
