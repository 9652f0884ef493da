package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.backend.cuda.driver.KernelArguments;
import org.conceptclip.backend.cuda.driver.KernelIndex;
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
 * The ops of one execution, as commands of its lane: nothing runs before the next flush. Types are checked here; {@link
 * org.conceptclip.op.CheckedOps} in front of it checks shapes and overlap.
 */
final class CudaOps implements Ops {
  private static final double LOG2_E = 1 / Math.log(2);

  private final KernelIndex kernels;
  private final Recorder recorder;
  private final DeviceArena arena;
  private final TensorMaps maps;
  private final Products products;
  private final AttentionChoice attention;
  private final ResidualRanges.Slots rangesOrNull;

  /** The key of a table, valid until the next flush. */
  private record TableKey(String kind, Object source) {}

  /** @param rangesOrNull where the largest values of residual sums go; {@code null} if they are not recorded */
  CudaOps(Lane lane, KernelIndex kernels, Products products, AttentionChoice attention, ResidualRanges.Slots rangesOrNull) {
    this.products = products;
    this.attention = attention;
    this.kernels = kernels;
    this.recorder = lane.recorder;
    this.arena = lane.arena;
    this.maps = lane.maps;
    this.rangesOrNull = rangesOrNull;
  }

  private KernelArguments arguments(String kernel) {
    return kernels.get(kernel).arguments();
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
    KernelArguments arguments = arguments(bytes ? "patch_embed_u8" : "patch_embed_f32")
        .address("pixels", from.address()).int32("images", from.shape().extent(0))
        .address("weight", embedding.weight()).int32("width", embedding.width()).int32("kPitch", folding.kPitch())
        .address("bias", bytes ? embedding.biasOfBytes() : embedding.biasOfFloats())
        .address("positions", embedding.positions())
        .float32("center", folding.centre()).float32("factor", folding.factor()).float32("scale", bytes ? folding.scale() : 1)
        .int32("imageSize", geometry.imageSize()).int32("patchSize", geometry.patchSize()).int32("grid", geometry.grid())
        .address("out", to.address()).int32("outPitch", to.pitch()).int32("outFloat32", to.dtype() == DType.F32 ? 1 : 0);
    recorder.launch(arguments, embedding.width(), to.rows(), from, to);
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    DeviceTensor to = activation("tokenEmbed", "out", out);
    var embedding = (DeviceWeights.TokenEmbedding) weights;
    int rows = tokens.ids().length;
    long positionsOffset = DeviceArena.rounded((long) rows * Integer.BYTES);
    long ids = recorder.table(new TableKey("tokens", tokens), () -> tokenTable(tokens, positionsOffset));
    KernelArguments arguments = arguments("token_embed")
        .address("ids", ids).address("positions", ids + positionsOffset)
        .address("words", embedding.words()).address("positionTable", embedding.positionTable())
        .address("tokenType", embedding.tokenType()).int32("tablePitch", embedding.tablePitch())
        .int32("rows", rows).int32("columns", embedding.width())
        .address("out", to.address()).int32("outPitch", to.pitch());
    recorder.launch(norm(arguments, embedding.norm()), rows, 1, to);
  }

  private static ByteBuffer tokenTable(TokenBatch tokens, long positionsOffset) {
    int rows = tokens.ids().length;
    int offset = Math.toIntExact(positionsOffset);
    ByteBuffer table = ByteBuffer.allocate(Math.addExact(offset, rows * Integer.BYTES)).order(ByteOrder.nativeOrder());
    table.asIntBuffer().put(tokens.ids()).position(offset / Integer.BYTES).put(tokens.positions());
    return table;
  }

  private static KernelArguments norm(KernelArguments arguments, DeviceWeights.Norm norm) {
    return arguments.address("weight", norm.weight()).address("bias", norm.bias()).float32("epsilon", norm.epsilon());
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    DeviceTensor from = (DeviceTensor) x;
    DeviceTensor to = result("layerNorm", out);
    KernelArguments arguments = arguments("layer_norm_" + codes(to) + suffix("layerNorm", "x", from))
        .address("x", from.address()).int32("xPitch", from.pitch())
        .int32("rows", from.rows()).int32("columns", from.columns());
    results(arguments, to);
    recorder.launch(norm(arguments, (DeviceWeights.Norm) weights), from.rows(), 1, from, to);
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    DeviceTensor stream = (DeviceTensor) x;
    DeviceTensor update = activation("addNorm", "y", y);
    DeviceTensor to = result("addNorm", out);
    KernelArguments arguments = arguments("add_norm_" + codes(to) + suffix("addNorm", "x", stream))
        .address("x", stream.address()).int32("xPitch", stream.pitch())
        .address("y", update.address()).int32("yPitch", update.pitch())
        .int32("rows", stream.rows()).int32("columns", stream.columns())
        .int32("storeSum", to.address() == stream.address() ? 0 : 1)
        .address("maxAbs", rangesOrNull == null ? 0 : rangesOrNull.address(weights.name()));
    results(arguments, to);
    recorder.launch(norm(arguments, (DeviceWeights.Norm) weights), stream.rows(), 1, stream, update, to);
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    DeviceTensor to = (DeviceTensor) out;
    boolean coded = weights instanceof DeviceWeights.Coded;
    if (to.dtype() == DType.F8_E4M3 && !(coded && epilogue == Epilogue.GELU)) {
      // No product has such results, so they are stored as activations before they are coded: one rounding more, which is small beside it.
      DeviceTensor halves = halves(to.shape());
      linear(x, weights, Epilogue.NONE, halves);
      encode(halves, epilogue == Epilogue.GELU, to);
      return;
    }
    requireType("linear", "out", to, DType.F16, epilogue != Epilogue.GELU ? DType.F32 : coded ? DType.F8_E4M3 : DType.F16);
    if (weights instanceof DeviceWeights.Coded codes) {
      products.ofCodes().linear((DeviceTensor) x, codes, epilogue, to);
    } else {
      products.linear(activation("linear", "x", x), (DeviceWeights.Linear) weights, epilogue, to);
    }
  }

  /** Scratch memory for activations that are coded at once. */
  private DeviceTensor halves(Shape shape) {
    return DeviceTensor.at(arena.address("cuda.halves", DeviceTensor.bytes(DType.F16, shape)), DType.F16, shape);
  }

  private void encode(DeviceTensor halves, boolean gelu, DeviceTensor out) {
    KernelArguments arguments = arguments("to_e4m3")
        .address("x", halves.address()).int32("xPitch", halves.pitch())
        .int32("rows", halves.rows()).int32("columns", halves.columns()).int32("applyGelu", gelu ? 1 : 0);
    results(arguments, out);
    recorder.launch(arguments, halves.rows() * halves.pitch(), 1, halves, out);
  }

  /**
   * Where the largest sums are recorded, the update is always stored: the kernel that adds is the one that records. Its sums differ from
   * those of a run without the record by no more than that rounding to float16.
   */
  @Override
  public void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
    DeviceTensor stream = (DeviceTensor) residual;
    requireType("linearAddNorm", "residual", stream, DType.F16, DType.F32);
    DeviceTensor stored = activation("linearAddNorm", "update", update);
    boolean mayAdd = rangesOrNull == null;
    boolean added;
    if (weights instanceof DeviceWeights.Coded) {
      added = mayAdd;
      linear(x, weights, added ? Epilogue.ACCUMULATE : Epilogue.NONE, added ? stream : stored);
    } else {
      added = products.beforeNorm(activation("linearAddNorm", "x", x), (DeviceWeights.Linear) weights, stream, stored, mayAdd);
    }
    if (added) {
      layerNorm(residual, norm, out);
    } else {
      addNorm(residual, update, norm, out);
    }
  }

  @Override
  public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
    DeviceTensor from = activation("attention", "qkv", qkv);
    DeviceTensor to = result("attention", out);
    int headWidth = Math.toIntExact(to.columns()) / heads;
    if (to.dtype() != DType.F8_E4M3) {
      attendHalves(from, sequences, heads, headWidth, to);
      return;
    }
    Optional<AttentionPlan> codes = AttentionPlan.ofCodes(kernels, headWidth);
    if (codes.isPresent()) {
      attend(codes.get(), from, sequences, heads, to);
    } else {
      DeviceTensor halves = halves(to.shape());
      attendHalves(from, sequences, heads, headWidth, halves);
      encode(halves, false, to);
    }
  }

  private void attendHalves(DeviceTensor from, Sequences sequences, int heads, int headWidth, DeviceTensor to) {
    if (!attention.byLibrary(new AttentionChoice.Kind(heads, headWidth))) {
      attend(AttentionPlan.of(kernels, headWidth), from, sequences, heads, to);
      return;
    }
    AttentionCall.Shape shape = LibraryAttention.shape(sequences, heads, headWidth, from.pitch(), to.pitch());
    long tables = recorder.table(new TableKey("library's sequences, pitch " + from.pitch() + " and " + to.pitch(), sequences),
        () -> LibraryAttention.tables(sequences, shape));
    recorder.attend(new AttentionCall(shape, from.address(), to.address(), tables), from, to);
  }

  private void attend(AttentionPlan plan, DeviceTensor from, Sequences sequences, int heads, DeviceTensor to) {
    for (AttentionPlan.Part part : plan.parts()) {
      int tiles = part.tiles(sequences);
      if (tiles > 0) {
        attend(part, tiles, from, sequences, heads, to);
      }
    }
  }

  private void attend(AttentionPlan.Part part, int tiles, DeviceTensor from, Sequences sequences, int heads, DeviceTensor to) {
    int width = Math.toIntExact(to.columns());
    KernelArguments arguments = part.kernel().arguments()
        .address("tiles", recorder.table(new TableKey("tiles of " + part.kernel(), sequences), () -> part.tileTable(sequences)))
        .float32("scaleLog2e", scaleLog2e(width / heads));
    results(arguments, to);
    if (part.readsByTensorMap()) {
      long items = (long) tiles * heads;
      arguments.tensorMap("qkv", maps.encoded(part.boxes(from, heads, part.boxColumns())))
          .tensorMap("rest", maps.encoded(part.boxes(from, heads, part.restColumns())))
          .int32("items", items).int32("heads", heads).float32("headroomLog2", part.headroomLog2());
      recorder.launchPersistent(arguments, items, from, to);
    } else {
      arguments.address("qkv", from.address()).int32("qkvPitch", from.pitch()).int32("width", width);
      recorder.launch(arguments, tiles, heads, from, to);
    }
  }

  @Override
  public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
    DeviceTensor from = activation("poolAttention", "kv", kv);
    DeviceTensor to = activation("poolAttention", "out", out);
    int headWidth = Math.toIntExact(to.columns()) / heads;
    KernelArguments arguments = arguments("pool_attention")
        .address("query", ((DeviceWeights.Query) query).values())
        .address("kv", from.address()).int32("kvPitch", from.pitch())
        .address("sequences", sequenceTable(sequences))
        .int32("heads", heads).int32("headWidth", headWidth).float32("scaleLog2e", scaleLog2e(headWidth))
        .address("out", to.address()).int32("outPitch", to.pitch());
    recorder.launch(arguments, heads, sequences.count(), from, to);
  }

  @Override
  public void meanPool(Tensor x, Sequences sequences, Tensor out) {
    DeviceTensor from = activation("meanPool", "x", x);
    DeviceTensor to = activation("meanPool", "out", out);
    KernelArguments arguments = arguments("mean_pool")
        .address("x", from.address()).int32("xPitch", from.pitch()).int32("columns", from.columns())
        .address("sequences", sequenceTable(sequences))
        .address("out", to.address()).int32("outPitch", to.pitch());
    recorder.launch(arguments, from.columns(), sequences.count(), from, to);
  }

  @Override
  public void l2Normalize(Tensor x, Tensor out) {
    DeviceTensor from = (DeviceTensor) x;
    DeviceTensor to = (DeviceTensor) out;
    requireType("l2Normalize", "out", to, from.dtype(), from.dtype());
    KernelArguments arguments = arguments("l2_normalize_" + suffix("l2Normalize", "x", from))
        .address("x", from.address()).int32("xPitch", from.pitch())
        .int32("rows", from.rows()).int32("columns", from.columns())
        .address("out", to.address()).int32("outPitch", to.pitch());
    recorder.launch(arguments, from.rows(), 1, from, to);
  }

  @Override
  public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
    scores("similarity", (DeviceTensor) a, (DeviceTensor) b, scale, (DeviceTensor) out);
  }

  private void scores(String op, DeviceTensor a, DeviceTensor b, double scale, DeviceTensor out) {
    requireType(op, "second operand", b, a.dtype(), a.dtype());
    requireType(op, "out", out, DType.F32, DType.F32);
    KernelArguments arguments = arguments("similarity_" + suffix(op, "first operand", a))
        .address("a", a.address()).int32("m", a.rows()).int32("aPitch", a.pitch())
        .address("b", b.address()).int32("n", b.rows()).int32("bPitch", b.pitch())
        .int32("columns", a.columns()).float32("scale", scale)
        .address("out", out.address()).int32("outPitch", out.pitch());
    recorder.launch(arguments, b.rows(), a.rows(), a, b, out);
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
    KernelArguments arguments = arguments("top_k_mean")
        .address("scores", all.address()).int32("scoresPitch", all.pitch())
        .address("sequences", sequenceTable(sequences))
        .int32("concepts", concepts.rows()).int32("k", k)
        .address("out", to.address()).int32("outPitch", to.pitch());
    recorder.launch(arguments, concepts.rows(), sequences.count(), all, to);
  }

  private long sequenceTable(Sequences sequences) {
    return recorder.table(new TableKey("sequences", sequences), () -> AttentionPlan.sequenceTable(sequences));
  }

  /** Softmax in powers of two: {@code exp(x / sqrt(d)) = 2^(x * log2(e) / sqrt(d))}. */
  private static double scaleLog2e(int headWidth) {
    return LOG2_E / Math.sqrt(headWidth);
  }

  /** What an op writes for the product that follows: activations, or codes of F8_E4M3. */
  private static DeviceTensor result(String op, Tensor out) {
    DeviceTensor device = (DeviceTensor) out;
    requireType(op, "out", device, DType.F16, DType.F8_E4M3);
    return device;
  }

  /** What the name of a kernel with results of this type has in it. */
  private static String codes(DeviceTensor out) {
    return out.dtype() == DType.F8_E4M3 ? "e4m3_" : "";
  }

  /** Where results go, and for codes what they are multiplied by before they are rounded. */
  private static void results(KernelArguments arguments, DeviceTensor out) {
    arguments.address("out", out.address()).int32("outPitch", out.pitch());
    if (out.dtype() == DType.F8_E4M3) {
      arguments.float32("outScale", 1 / out.scale());
    }
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
