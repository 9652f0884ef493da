package org.conceptclip.backend.cpu;

import org.conceptclip.op.LinearWeights;
import org.conceptclip.tensor.DType;

/**
 * A weight matrix in column slices, each prepacked as oneDNN's matrix product wants it, so that slices are tasks.
 * Immutable; the memory belongs to the {@link CpuWeightStore} that made it.
 *
 * @param inputType type of the activations, and what the product is computed in
 * @param weightType what the weights are stored in: inputType, or BF16 to be widened when they are used
 * @param sliceOutputs outputs of every slice but the last, which may have fewer
 * @param sliceAddresses one address per slice
 * @param biasAddress float32 [outputs], or 0 for none
 */
record PackedLinear(
    String name,
    int inputs,
    int outputs,
    DType inputType,
    DType weightType,
    int sliceOutputs,
    long[] sliceAddresses,
    long biasAddress)
    implements LinearWeights {

  /** Outputs that a slice aims at: 384 to 576 wide ones measured best at the towers' shapes. */
  private static final int TARGET_SLICE_OUTPUTS = 416;

  /** Number of outputs in a block of the packed layouts. */
  private static final int BLOCK = 64;

  /** Slices of equal size in whole blocks. */
  static int sliceOutputs(int outputs) {
    int blocks = Math.ceilDiv(outputs, BLOCK);
    int slices = Math.ceilDiv(outputs, TARGET_SLICE_OUTPUTS);
    return Math.min(outputs, BLOCK * Math.ceilDiv(blocks, slices));
  }

  int slices() {
    return sliceAddresses.length;
  }

  int firstOutput(int slice) {
    return slice * sliceOutputs;
  }

  int outputsOf(int slice) {
    return Math.min(sliceOutputs, outputs - firstOutput(slice));
  }

  boolean isNarrow() {
    return weightType != inputType;
  }

  long biasAddressOf(int slice) {
    return biasAddress + 4L * firstOutput(slice);
  }

  @Override
  public boolean hasBias() {
    return biasAddress != 0;
  }

  @Override
  public String toString() {
    return name + " [" + outputs + ", " + inputs + "]";
  }
}
