package org.conceptclip.backend.cuda.driver;

import java.util.Arrays;

/**
 * A tensor of rank 2 to 5 as the bulk copy engine (TMA) sees it; elements outside {@code extents} read as zero.
 *
 * @param address of element 0, a multiple of 16
 * @param element of which the tensor is made
 * @param extents elements per axis, innermost first
 * @param strideBytes distance between elements of axis 1, 2, ..., multiples of 16; one less than {@code extents}
 * @param box elements copied per axis, innermost first
 * @param swizzle pattern of the rows in shared memory
 */
public record TensorMap(long address, Element element, long[] extents, long[] strideBytes, int[] box, Swizzle swizzle) {
  /** What {@code extents} and {@code box} count. The engine copies elements as they are: bytes may be any 8-bit format. */
  public enum Element {
    F16(2),
    BYTES(1);

    private final int bytes;

    Element(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of an element. */
    public int bytes() {
      return bytes;
    }
  }

  /** How 16-byte pieces of consecutive rows are exchanged, so that a column of them lies in different banks; in CUDA's order. */
  public enum Swizzle {
    NONE,
    BYTES_32,
    BYTES_64,
    BYTES_128
  }

  /** One line for messages. */
  public String describe() {
    return element + ", extents " + Arrays.toString(extents) + ", stride bytes " + Arrays.toString(strideBytes) + ", box "
        + Arrays.toString(box) + ", swizzle " + swizzle + ", at " + DeviceBlocks.hex(address);
  }
}
