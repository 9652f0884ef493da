package org.conceptclip.tensor;

import java.util.Arrays;
import java.util.Optional;

/**
 * Element types of tensors, under the names that safetensors headers use.
 *
 * <p>The runtime computes in {@link #F64}, {@link #F32}, {@link #F16} and {@link #BF16}, and some backends read the inputs of matrix
 * products as {@link #F8_E4M3}; the other types can be stored and named in error messages.
 */
public enum DType {
  BOOL(1),
  U8(1),
  I8(1),
  /** Codes of {@link Float8}. Those of a tensor stand for numbers together with {@link Tensor#scale}. */
  F8_E4M3(1),
  F8_E5M2(1),
  I16(2),
  U16(2),
  F16(2),
  BF16(2),
  I32(4),
  U32(4),
  F32(4),
  I64(8),
  U64(8),
  F64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** True for the types that hold model weights and activations by themselves, so not for the codes of {@link #F8_E4M3}. */
  public boolean isFloat() {
    return this == F64 || this == F32 || this == F16 || this == BF16;
  }

  /** The type with this safetensors name, or empty when there is none. */
  public static Optional<DType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }
}
