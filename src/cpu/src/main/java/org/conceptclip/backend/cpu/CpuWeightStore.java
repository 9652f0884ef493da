package org.conceptclip.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/** Packs weights for the CPU, directly from the memory of the host tensors where oneDNN can read it. Owns the packed memory. */
final class CpuWeightStore implements WeightStore {
  private static final int ALIGNMENT = 64;

  private record Reorder(int inputs, int outputs, DType from, DType type) {}

  private final Kernels kernels;
  private final ContextPool contexts;
  private final DType activationType;
  private final DType weightType;
  private final Runnable onClose;
  private final List<NativeMemory> owned = new ArrayList<>();
  private long ownedBytes;
  private boolean open = true;

  /** @param onClose called once, when this is closed */
  CpuWeightStore(
      Kernels kernels, ContextPool contexts, DType activationType, DType weightType, Runnable onClose) {
    this.kernels = kernels;
    this.contexts = contexts;
    this.activationType = activationType;
    this.weightType = weightType;
    this.onClose = onClose;
  }

  @Override
  public PackedLinear linear(String name, HostTensor weight, HostTensor biasOrNull) {
    int outputs = Math.toIntExact(weight.shape().extent(0));
    int inputs = Math.toIntExact(weight.shape().elements() / outputs);
    int sliceOutputs = PackedLinear.sliceOutputs(outputs);
    int slices = Math.ceilDiv(outputs, sliceOutputs);
    long[] offsets = new long[slices + 1];
    for (int s = 0; s < slices; s++) {
      int width = Math.min(sliceOutputs, outputs - s * sliceOutputs);
      offsets[s + 1] = offsets[s] + aligned(packedValues(inputs, width) * weightType.bytes());
    }
    NativeMemory memory = own(offsets[slices] + (biasOrNull == null ? 0 : 4L * outputs));
    long[] addresses = new long[slices];
    WorkerContext context = contexts.acquire();
    try (Arena arena = Arena.ofConfined()) {
      for (int s = 0; s < slices; s++) {
        int first = s * sliceOutputs;
        int width = Math.min(sliceOutputs, outputs - first);
        addresses[s] = memory.address() + offsets[s];
        HostTensor rows = readable(arena, weight.reshape(outputs, inputs).rows(first, width));
        packSlice(context, rows, inputs, width, addresses[s]);
      }
      if (biasOrNull != null) {
        cast(context, readable(arena, biasOrNull), DType.F32, memory.address() + offsets[slices]);
      }
    } finally {
      contexts.release(context);
    }
    return new PackedLinear(name, inputs, outputs, activationType, weightType, sliceOutputs, addresses,
        biasOrNull == null ? 0 : memory.address() + offsets[slices]);
  }

  /** Packs a slice in the layout of the activations' type; narrower weights are rounded after that, value by value. */
  private void packSlice(WorkerContext context, HostTensor rows, int inputs, int outputs, long target) {
    Kernel kernel = kernels.get(new Reorder(inputs, outputs, rows.dtype(), activationType), key -> {
      long from =
          kernels.dnn().strided(key.from(), new long[] {key.inputs(), key.outputs()}, new long[] {1, key.inputs()});
      long to = kernels.dnn().copyOfDescriptor(kernels.weightLayout(key.inputs(), key.outputs(), key.type()));
      return kernels.compiled(key.toString(), kernels.dnn().reorder(from, to, key.toString()),
          new int[] {Dnnl.SRC, Dnnl.DST}, from, to);
    });
    long values = packedValues(inputs, outputs);
    boolean narrower = weightType != activationType;
    long packed = narrower ? context.scratch(0, values * activationType.bytes()) : target;
    context.bind(kernel).aim(0, rows.data().address()).aim(1, packed);
    context.run(kernel);
    if (narrower) {
      cast(context, packed, activationType, values, weightType, target);
    }
  }

  private long packedValues(int inputs, int outputs) {
    return kernels.dnn().bytes(kernels.weightLayout(inputs, outputs, activationType)) / activationType.bytes();
  }

  /** Copies this number of values to {@code target}, converting them. */
  private void cast(WorkerContext context, long from, DType fromType, long values, DType to, long target) {
    Kernel kernel = kernels.cast(new Kernels.Cast(values, fromType, to));
    context.bind(kernel).aim(0, from).aim(1, target);
    context.run(kernel);
  }

  private void cast(WorkerContext context, HostTensor from, DType to, long target) {
    cast(context, from.data().address(), from.dtype(), from.shape().elements(), to, target);
  }

  /** The tensor as oneDNN can read it: native F32 or BF16; anything else is widened to float32 in {@code arena}. */
  private static HostTensor readable(Arena arena, HostTensor tensor) {
    if (tensor.data().isNative() && (tensor.dtype() == DType.F32 || tensor.dtype() == DType.BF16)) {
      return tensor;
    }
    HostTensor copy = HostTensor.allocate(arena, DType.F32, tensor.shape().toArray());
    for (long i = 0; i < tensor.shape().elements(); i++) {
      copy.set(i, tensor.getDouble(i));
    }
    return copy;
  }

  private MemorySegment keep(HostTensor tensor, DType type) {
    NativeMemory memory = own(tensor.shape().elements() * type.bytes());
    WorkerContext context = contexts.acquire();
    try (Arena arena = Arena.ofConfined()) {
      cast(context, readable(arena, tensor), type, memory.address());
    } finally {
      contexts.release(context);
    }
    return memory.segment();
  }

  @Override
  public CpuWeights.Norm layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
    return new CpuWeights.Norm(name, Math.toIntExact(weight.shape().elements()), epsilon, keep(weight, DType.F32).address(),
        keep(bias, DType.F32).address());
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
    float[] pixelValues = new float[3 * 256];
    for (int c = 0; c < 3; c++) {
      for (int value = 0; value < 256; value++) {
        pixelValues[c * 256 + value] = (float) (value * pixelScale[c] + pixelShift[c]);
      }
    }
    return new CpuWeights.PatchEmbedding(
        name, geometry, linear(name, weight, bias), keep(positions, DType.F32).address(), pixelValues);
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
    MemorySegment sums = keep(positions, DType.F32);
    float[] type = tokenType.toFloatArray();
    for (long i = 0; i < positions.shape().elements(); i++) {
      float sum = sums.getAtIndex(ValueLayout.JAVA_FLOAT, i) + type[(int) (i % width)];
      sums.setAtIndex(ValueLayout.JAVA_FLOAT, i, sum);
    }
    return new CpuWeights.TokenEmbedding(name, Math.toIntExact(words.rows()), Math.toIntExact(positions.rows()), weightType,
        keep(words, weightType), sums, layerNorm(name, normWeight, normBias, epsilon));
  }

  @Override
  public QueryWeights query(String name, HostTensor query) {
    return new CpuWeights.Query(name, query.toFloatArray());
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, (long) ALIGNMENT) * ALIGNMENT;
  }

  private synchronized NativeMemory own(long bytes) {
    if (!open) {
      throw new IllegalStateException("this weight store is closed");
    }
    NativeMemory memory = NativeMemory.allocate(bytes);
    owned.add(memory);
    ownedBytes += bytes;
    return memory;
  }

  @Override
  public synchronized long weightBytes() {
    return ownedBytes;
  }

  @Override
  public synchronized void close() {
    if (!open) {
      return;
    }
    open = false;
    owned.forEach(NativeMemory::close);
    owned.clear();
    ownedBytes = 0;
    onClose.run();
  }
}
