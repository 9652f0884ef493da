package org.conceptclip.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Function;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * Weights on the device: matrices and tables in F16, vectors in F32, and in F8_E4M3 the matrices of products that compute in 8 bits, which
 * are not kept in F16 as well. Owns them. Thread-safe.
 */
final class CudaWeightStore implements WeightStore {
  private final WeightMemory memory;
  private final Function<String, Optional<Float>> inputScales;
  private final Runnable onClose;
  private boolean open = true;

  /** A store in which no product computes in 8 bits. */
  CudaWeightStore(CudaDriver driver, Runnable onClose) {
    this(driver, product -> Optional.empty(), onClose);
  }

  /**
   * @param inputScales of products that compute in 8 bits, by the name of their matrix: the scale of their input's codes
   * @param onClose runs once, when the parameters are closed
   */
  CudaWeightStore(CudaDriver driver, Function<String, Optional<Float>> inputScales, Runnable onClose) {
    this.memory = new WeightMemory(driver);
    this.inputScales = inputScales;
    this.onClose = onClose;
  }

  @Override
  public LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull) {
    int outputs = Math.toIntExact(weight.shape().extent(0));
    int inputs = Math.toIntExact(weight.shape().elements() / outputs);
    Optional<Float> inputScale = inputScales.apply(name);
    if (inputScale.isPresent()) {
      return coded(name, weight.reshape(outputs, inputs), biasOrNull, inputScale.get());
    }
    long paddedOutputs = DeviceTensor.padded(outputs);
    long matrix =
        memory.put(name, weight.reshape(outputs, inputs), DType.F16, paddedOutputs, DeviceTensor.padded(inputs));
    long biasF32 = biasOrNull == null ? 0 : memory.put(name + " (bias)", biasOrNull, DType.F32, paddedOutputs);
    long biasF16 = biasOrNull == null ? 0 : memory.put(name + " (bias)", biasOrNull, DType.F16, paddedOutputs);
    return new DeviceWeights.Linear(name, inputs, outputs, matrix, biasF32, biasF16);
  }

  private DeviceWeights.Coded coded(String name, HostTensor weight, HostTensor biasOrNull, float inputScale) {
    int outputs = Math.toIntExact(weight.rows());
    int inputs = Math.toIntExact(weight.columns());
    try (Arena arena = Arena.ofShared()) {
      CodedMatrix matrix = CodedMatrix.of(arena, name, weight);
      float[] scales = matrix.scales();
      for (int output = 0; output < outputs; output++) {
        scales[output] *= inputScale;
      }
      if (biasOrNull != null) {
        CodedMatrix.requireFinite(name + " (bias)", biasOrNull, 0);
      }
      long rows = matrix.codes().rows();
      return new DeviceWeights.Coded(name, inputs, outputs, inputScale,
          memory.put(name, matrix.codes(), DType.F8_E4M3, rows, DeviceTensor.codePitch(inputs)),
          memory.put(name + " (scales)", HostTensor.of(scales, outputs), DType.F32, rows),
          biasOrNull == null ? 0 : memory.put(name + " (bias)", biasOrNull, DType.F32, rows));
    }
  }

  @Override
  public DeviceWeights.Norm layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
    int width = Math.toIntExact(weight.shape().elements());
    return new DeviceWeights.Norm(name, width, epsilon, vector(name, weight), vector(name, bias));
  }

  private long vector(String name, HostTensor values) {
    return memory.put(name, values, DType.F32, DeviceTensor.padded(values.shape().elements()));
  }

  @Override
  public PatchEmbeddingWeights patchEmbedding(
      String name,
      PatchGeometry geometry,
      HostTensor weight,
      HostTensor bias,
      HostTensor positions,
      double[] pixelScale,
      double[] pixelShift) {
    PatchFolding folding = PatchFolding.of(geometry, weight, bias, pixelScale, pixelShift);
    int width = Math.toIntExact(weight.shape().extent(0));
    HostTensor folded = HostTensor.view(
        DType.F32, Shape.of(width, folding.arguments().kPitch()), MemorySegment.ofArray(folding.weights()));
    return new DeviceWeights.PatchEmbedding(
        name,
        geometry,
        width,
        memory.put(name, folded, DType.F16, width, folding.arguments().kPitch()),
        vector(name, HostTensor.of(folding.biasOfBytes(), width)),
        vector(name, bias),
        memory.put(name, positions, DType.F32, geometry.tokens(), width),
        folding.arguments());
  }

  @Override
  public TokenEmbeddingWeights tokenEmbedding(
      String name,
      HostTensor words,
      HostTensor positions,
      HostTensor tokenType,
      HostTensor normWeight,
      HostTensor normBias,
      double epsilon) {
    int width = Math.toIntExact(words.columns());
    long pitch = DeviceTensor.padded(width);
    return new DeviceWeights.TokenEmbedding(
        name,
        Math.toIntExact(words.rows()),
        Math.toIntExact(positions.rows()),
        width,
        pitch,
        memory.put(name, words, DType.F16, words.rows(), pitch),
        memory.put(name + " (positions)", positions, DType.F16, positions.rows(), pitch),
        memory.put(name + " (token type)", tokenType, DType.F16, pitch),
        layerNorm(name, normWeight, normBias, epsilon));
  }

  @Override
  public QueryWeights query(String name, HostTensor query) {
    return new DeviceWeights.Query(name, Math.toIntExact(query.shape().elements()), vector(name, query));
  }

  @Override
  public long weightBytes() {
    return memory.usedBytes();
  }

  @Override
  public synchronized void close() {
    if (open) {
      open = false;
      try {
        memory.close();
      } finally {
        onClose.run();
      }
    }
  }
}
