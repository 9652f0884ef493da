package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.MatrixProduct;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.Ops;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * The ops of one execution, as commands of its lane: nothing runs before the next flush. Arguments are those of {@code
 * kernels/README.md}, in its order. Types are checked here, shapes and overlap in front of it.
 */
final class CudaOps implements Ops {
  private static final double LOG2_E = 1 / Math.log(2);

  private final CudaDriver driver;
  private final Recorder recorder;
  private final DeviceArena arena;
  private final ResidualRanges.Slots rangesOrNull;

  /** Keys of tables, which live until the next flush: the arrays of a {@link Sequences} stand for it. */
  private record TableKey(String kind, Object source) {}

  /** @param rangesOrNull where the largest values of residual sums go; {@code null} when nobody asked for them */
  CudaOps(Lane lane, ResidualRanges.Slots rangesOrNull) {
    this.driver = lane.driver();
    this.recorder = lane.recorder();
    this.arena = lane.arena();
    this.rangesOrNull = rangesOrNull;
  }

  @Override
  public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
    DeviceTensor from = (DeviceTensor) pixels;
    DeviceTensor to = (DeviceTensor) out;
    var embedding = (DeviceWeights.PatchEmbedding) weights;
    boolean bytes = from.dtype() == DType.U8;
    requireType("patchEmbed", "pixels", from, DType.U8, DType.F32);
    requireType("patchEmbed", "out", to, DType.F16, DType.F32);
    PatchGeometry geometry = embedding.geometry();
    PatchFolding.Arguments folding = embedding.folding();
    KernelArguments arguments = new KernelArguments()
        .address(from)
        .address(embedding.weight())
        .address(bytes ? embedding.biasOfBytes() : embedding.biasOfFloats())
        .address(embedding.positions())
        .address(to)
        .float32(folding.centre())
        .float32(folding.factor())
        .float32(bytes ? folding.scale() : 1)
        .int32(from.shape().extent(0))
        .int32(geometry.imageSize())
        .int32(geometry.patchSize())
        .int32(geometry.grid())
        .int32(embedding.width())
        .int32(folding.kPitch())
        .int32(to.pitch())
        .int32(to.dtype() == DType.F32 ? 1 : 0);
    recorder.launch(
        bytes ? "patch_embed_u8" : "patch_embed_f32", LaunchPlan.patchEmbed(to.rows(), embedding.width()), arguments, from, to);
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    DeviceTensor to = activation("tokenEmbed", "out", out);
    var embedding = (DeviceWeights.TokenEmbedding) weights;
    int rows = tokens.ids().length;
    long positionsOffset = DeviceArena.rounded((long) rows * Integer.BYTES);
    long ids = recorder.table(new TableKey("tokens", tokens), () -> tokenTable(tokens, positionsOffset));
    KernelArguments arguments = new KernelArguments()
        .address(ids)
        .address(ids + positionsOffset)
        .address(embedding.words())
        .address(embedding.positionTable())
        .address(embedding.tokenType())
        .address(embedding.norm().weight())
        .address(embedding.norm().bias())
        .address(to)
        .int32(rows)
        .int32(embedding.width())
        .int32(embedding.tablePitch())
        .int32(to.pitch())
        .float32(embedding.norm().epsilon());
    recorder.launch("token_embed", LaunchPlan.warpPerRow(rows), arguments, to);
  }

  private static ByteBuffer tokenTable(TokenBatch tokens, long positionsOffset) {
    int rows = tokens.ids().length;
    int offset = Math.toIntExact(positionsOffset);
    ByteBuffer table = ByteBuffer.allocate(Math.addExact(offset, rows * Integer.BYTES)).order(ByteOrder.nativeOrder());
    table.asIntBuffer().put(tokens.ids()).position(offset / Integer.BYTES).put(tokens.positions());
    return table;
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    DeviceTensor from = (DeviceTensor) x;
    DeviceTensor to = activation("layerNorm", "out", out);
    var norm = (DeviceWeights.Norm) weights;
    KernelArguments arguments = new KernelArguments()
        .address(from)
        .address(norm.weight())
        .address(norm.bias())
        .address(to)
        .int32(from.rows())
        .int32(from.columns())
        .int32(from.pitch())
        .int32(to.pitch())
        .float32(norm.epsilon());
    recorder.launch("layer_norm_" + suffix("layerNorm", "x", from), LaunchPlan.warpPerRow(from.rows()), arguments, from, to);
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    DeviceTensor stream = (DeviceTensor) x;
    DeviceTensor update = activation("addNorm", "y", y);
    DeviceTensor to = activation("addNorm", "out", out);
    var norm = (DeviceWeights.Norm) weights;
    KernelArguments arguments = new KernelArguments()
        .address(stream)
        .address(update)
        .address(norm.weight())
        .address(norm.bias())
        .address(to)
        .address(rangesOrNull == null ? 0 : rangesOrNull.address(norm.name()))
        .int32(stream.rows())
        .int32(stream.columns())
        .int32(stream.pitch())
        .int32(update.pitch())
        .int32(to.pitch())
        .int32(to.address() == stream.address() ? 0 : 1)
        .float32(norm.epsilon());
    recorder.launch(
        "add_norm_" + suffix("addNorm", "x", stream), LaunchPlan.warpPerRow(stream.rows()), arguments, stream, update, to);
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    DeviceTensor from = activation("linear", "x", x);
    DeviceTensor to = (DeviceTensor) out;
    var linear = (DeviceWeights.Linear) weights;
    boolean float32 = to.dtype() == DType.F32;
    requireType("linear", "out", to, DType.F16, epilogue == Epilogue.GELU ? DType.F16 : DType.F32);
    // GELU has its bias in the kernel that follows: the product is stored once before it, one rounding more than in a fused
    // epilogue, and as many as any implementation with GELU as an op of its own.
    boolean biasInProduct = linear.hasBias() && epilogue != Epilogue.GELU;
    boolean accumulate = epilogue == Epilogue.ACCUMULATE;
    MatrixProduct.Shape shape = new MatrixProduct.Shape(
        (int) DeviceTensor.padded(linear.inputs()), (int) DeviceTensor.padded(linear.outputs()), biasInProduct, float32, accumulate);
    long bias = biasInProduct ? (float32 ? linear.biasF32() : linear.biasF16()) : 0;
    recorder.multiply(
        new MatrixProduct(shape, Math.toIntExact(from.rows()), from.address(), from.pitch(), linear.weight(), bias, to.address(),
            to.pitch(), accumulate),
        from, to);
    if (epilogue == Epilogue.GELU) {
      KernelArguments arguments = new KernelArguments()
          .address(to)
          .address(linear.biasF32())
          .int32(to.rows())
          .int32(to.columns())
          .int32(to.pitch());
      recorder.launch("bias_gelu", LaunchPlan.elementwise(to.rows(), to.pitch()), arguments, to);
    }
  }

  @Override
  public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
    DeviceTensor from = activation("attention", "qkv", qkv);
    DeviceTensor to = activation("attention", "out", out);
    int width = Math.toIntExact(to.columns());
    int headWidth = width / heads;
    LaunchPlan.Attention plan = LaunchPlan.Attention.of(headWidth, driver.device().capability());
    long tiles = recorder.table(new TableKey("tiles of " + plan.tileRows(), sequences), () -> plan.tileTable(sequences));
    KernelArguments arguments = new KernelArguments();
    if (plan.box() == null) {
      arguments.address(from).address(to).address(tiles).int32(width).int32(from.pitch());
    } else {
      MemorySegment map = driver.encodeTensorMap(plan.box().of(from, heads, headWidth));
      arguments.tensorMap(map).address(to).address(tiles).int32(heads);
    }
    arguments.int32(to.pitch()).float32(scaleLog2e(headWidth));
    recorder.launch(plan.kernel(), plan.grid(plan.tiles(sequences), heads), arguments, from, to);
  }

  @Override
  public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
    DeviceTensor from = activation("poolAttention", "kv", kv);
    DeviceTensor to = activation("poolAttention", "out", out);
    int headWidth = Math.toIntExact(to.columns()) / heads;
    KernelArguments arguments = new KernelArguments()
        .address(((DeviceWeights.Query) query).values())
        .address(from)
        .address(to)
        .address(sequenceTable(sequences))
        .int32(heads)
        .int32(headWidth)
        .int32(from.pitch())
        .int32(to.pitch())
        .float32(scaleLog2e(headWidth));
    recorder.launch("pool_attention", LaunchPlan.poolAttention(heads, sequences.count()), arguments, from, to);
  }

  @Override
  public void meanPool(Tensor x, Sequences sequences, Tensor out) {
    DeviceTensor from = activation("meanPool", "x", x);
    DeviceTensor to = activation("meanPool", "out", out);
    KernelArguments arguments = new KernelArguments()
        .address(from)
        .address(to)
        .address(sequenceTable(sequences))
        .int32(from.columns())
        .int32(from.pitch())
        .int32(to.pitch());
    recorder.launch("mean_pool", LaunchPlan.meanPool(from.columns(), sequences.count()), arguments, from, to);
  }

  @Override
  public void l2Normalize(Tensor x, Tensor out) {
    DeviceTensor from = (DeviceTensor) x;
    DeviceTensor to = (DeviceTensor) out;
    requireType("l2Normalize", "out", to, from.dtype(), from.dtype());
    KernelArguments arguments = new KernelArguments()
        .address(from)
        .address(to)
        .int32(from.rows())
        .int32(from.columns())
        .int32(from.pitch())
        .int32(to.pitch());
    recorder.launch("l2_normalize_" + suffix("l2Normalize", "x", from), LaunchPlan.warpPerRow(from.rows()), arguments, from, to);
  }

  @Override
  public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
    scores("similarity", (DeviceTensor) a, (DeviceTensor) b, scale, (DeviceTensor) out);
  }

  private void scores(String op, DeviceTensor a, DeviceTensor b, double scale, DeviceTensor out) {
    requireType(op, "second operand", b, a.dtype(), a.dtype());
    requireType(op, "out", out, DType.F32, DType.F32);
    KernelArguments arguments = new KernelArguments()
        .address(a)
        .address(b)
        .address(out)
        .int32(a.rows())
        .int32(b.rows())
        .int32(a.columns())
        .int32(a.pitch())
        .int32(b.pitch())
        .int32(out.pitch())
        .float32(scale);
    recorder.launch("similarity_" + suffix(op, "first operand", a), LaunchPlan.similarity(a.rows(), b.rows()), arguments, a, b, out);
  }

  @Override
  public void topKMeanSimilarity(
      Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
    DeviceTensor to = (DeviceTensor) out;
    requireType("topKMeanSimilarity", "out", to, DType.F32, DType.F32);
    Shape shape = Shape.of(patches.rows(), concepts.rows());
    DeviceTensor all =
        DeviceTensor.at(arena.address("cuda.scores", DeviceTensor.bytes(DType.F32, shape)), DType.F32, shape);
    scores("topKMeanSimilarity", (DeviceTensor) patches, (DeviceTensor) concepts, scale, all);
    KernelArguments arguments = new KernelArguments()
        .address(all)
        .address(sequenceTable(sequences))
        .address(to)
        .int32(concepts.rows())
        .int32(all.pitch())
        .int32(to.pitch())
        .int32(k);
    recorder.launch("top_k_mean", LaunchPlan.topKMean(concepts.rows(), sequences.count()), arguments, all, to);
  }

  private long sequenceTable(Sequences sequences) {
    return recorder.table(new TableKey("sequences", sequences), () -> LaunchPlan.sequenceTable(sequences));
  }

  /** Softmax in powers of two: {@code exp(x / sqrt(d)) = 2^(x * log2(e) / sqrt(d))}. */
  private static double scaleLog2e(int headWidth) {
    return LOG2_E / Math.sqrt(headWidth);
  }

  private static DeviceTensor activation(String op, String name, Tensor tensor) {
    DeviceTensor device = (DeviceTensor) tensor;
    requireType(op, name, device, DType.F16, DType.F16);
    return device;
  }

  private static String suffix(String op, String name, DeviceTensor tensor) {
    requireType(op, name, tensor, DType.F16, DType.F32);
    return tensor.dtype() == DType.F16 ? "f16" : "f32";
  }

  private static void requireType(String op, String name, DeviceTensor tensor, DType one, DType other) {
    if (tensor.dtype() != one && tensor.dtype() != other) {
      throw new IllegalArgumentException(
          op + ": " + name + " is " + tensor + ", expected " + one + (one == other ? "" : " or " + other));
    }
  }
}
