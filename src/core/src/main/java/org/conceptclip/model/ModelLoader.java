package org.conceptclip.model;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Parallel;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;

/**
 * Prepares the weights of a model: borrows each tensor by its open_clip name and passes it to the backend's {@link WeightStore}.
 * Blocks are prepared in parallel on the common pool, and each thread borrows the tensors of one layer at a time.
 */
public final class ModelLoader {
  private final ModelConfig config;
  private final WeightSource source;
  private final WeightStore store;

  private ModelLoader(ModelConfig config, WeightSource source, WeightStore store) {
    this.config = config;
    this.source = source;
    this.store = store;
  }

  /**
   * Prepares all weights. {@code source} may be closed afterwards. The weights are valid until {@code store} is closed.
   *
   * <p>The token embedding is prepared at the same time as the blocks, so that its large table does not delay them.
   *
   * @throws BadInputException if the source cannot be read, or a bias, a LayerNorm's weight or a scalar is not finite. Such a number in
   *     a matrix shows in results, which are checked: looking for it here would make loading half as long again or more
   */
  public static ModelWeights load(ModelConfig config, WeightSource source, WeightStore store) {
    ModelLoader loader = new ModelLoader(config, source, store);
    CompletableFuture<TokenEmbeddingWeights> tokenEmbedding = CompletableFuture.supplyAsync(loader::tokenEmbedding);
    try {
      ModelWeights.Vision vision = loader.vision();
      List<ModelWeights.TextLayer> layers = Parallel.map(config.text().depth(), loader::textLayer);
      ModelWeights.Text text = new ModelWeights.Text(
          joined(tokenEmbedding), layers, loader.linear("text.proj.weight", null), loader.head("text_proj"));
      return new ModelWeights(vision, text, Scalars.of(source));
    } finally {
      // Also after a failure: no thread may still be preparing weights when the caller frees them.
      tokenEmbedding.handle((weights, failure) -> null).join();
    }
  }

  private static <T> T joined(CompletableFuture<T> task) {
    try {
      return task.join();
    } catch (CompletionException e) { // callers know the failure itself
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }

  private ModelWeights.Vision vision() {
    VisionConfig vision = config.vision();
    List<ModelWeights.VisionBlock> blocks = Parallel.map(vision.depth(), this::visionBlock);
    return new ModelWeights.Vision(
        patchEmbedding(), blocks, norm("visual.trunk.norm", vision.layerNormEpsilon()), pool(), head("image_proj"));
  }

  private ModelWeights.VisionBlock visionBlock(int block) {
    String prefix = "visual.trunk.blocks." + block + ".";
    double epsilon = config.vision().layerNormEpsilon();
    return new ModelWeights.VisionBlock(
        norm(prefix + "norm1", epsilon),
        linear(prefix + "attn.qkv"),
        linear(prefix + "attn.proj"),
        norm(prefix + "norm2", epsilon),
        linear(prefix + "mlp.fc1"),
        linear(prefix + "mlp.fc2"));
  }

  private ModelWeights.Pool pool() {
    String prefix = "visual.trunk.attn_pool.";
    return new ModelWeights.Pool(
        poolQuery(prefix),
        linear(prefix + "kv"),
        linear(prefix + "proj"),
        norm(prefix + "norm", config.vision().layerNormEpsilon()),
        linear(prefix + "mlp.fc1"),
        linear(prefix + "mlp.fc2"));
  }

  private ModelWeights.TextLayer textLayer(int layer) {
    String prefix = "text.transformer.encoder.layer." + layer + ".";
    double epsilon = config.text().layerNormEpsilon();
    return new ModelWeights.TextLayer(
        stackedQkv(prefix + "attention.self."),
        linear(prefix + "attention.output.dense"),
        norm(prefix + "attention.output.LayerNorm", epsilon),
        linear(prefix + "intermediate.dense"),
        linear(prefix + "output.dense"),
        norm(prefix + "output.LayerNorm", epsilon));
  }

  private ModelWeights.ProjectionHead head(String prefix) {
    return new ModelWeights.ProjectionHead(linear(prefix + ".0.weight", null), linear(prefix + ".2.weight", null));
  }

  private LinearWeights linear(String layer) {
    return linear(layer + ".weight", layer + ".bias");
  }

  private LinearWeights linear(String weightName, String biasNameOrNull) {
    try (TensorLoan weight = source.borrow(weightName);
        TensorLoan biasOrNull = biasNameOrNull == null ? null : finite(biasNameOrNull)) {
      return store.linear(weightName, weight.tensor(), biasOrNull == null ? null : biasOrNull.tensor());
    }
  }

  private NormWeights norm(String layer, double epsilon) {
    try (TensorLoan weight = finite(layer + ".weight");
        TensorLoan bias = finite(layer + ".bias")) {
      return store.layerNorm(layer + ".weight", weight.tensor(), bias.tensor(), epsilon);
    }
  }

  private PatchEmbeddingWeights patchEmbedding() {
    VisionConfig vision = config.vision();
    String name = "visual.trunk.patch_embed.proj.weight";
    double[] scale = new double[3];
    double[] shift = new double[3];
    for (int c = 0; c < 3; c++) {
      scale[c] = 1 / (255 * vision.imageStd().get(c));
      shift[c] = -vision.imageMean().get(c) / vision.imageStd().get(c);
    }
    try (TensorLoan weight = source.borrow(name);
        TensorLoan bias = finite("visual.trunk.patch_embed.proj.bias");
        TensorLoan positions = source.borrow("visual.trunk.pos_embed")) {
      return store.patchEmbedding(
          name,
          vision.geometry(),
          weight.tensor(),
          bias.tensor(),
          positions.tensor().reshape(vision.tokens(), vision.width()),
          scale,
          shift);
    }
  }

  private TokenEmbeddingWeights tokenEmbedding() {
    String prefix = "text.transformer.embeddings.";
    String name = prefix + "word_embeddings.weight";
    try (TensorLoan words = source.borrow(name);
        TensorLoan positions = source.borrow(prefix + "position_embeddings.weight");
        TensorLoan types = source.borrow(prefix + "token_type_embeddings.weight");
        TensorLoan normWeight = finite(prefix + "LayerNorm.weight");
        TensorLoan normBias = finite(prefix + "LayerNorm.bias")) {
      return store.tokenEmbedding(
          name,
          words.tensor(),
          positions.tensor(),
          types.tensor().rows(0, 1).reshape(config.text().width()),
          normWeight.tensor(),
          normBias.tensor(),
          config.text().layerNormEpsilon());
    }
  }

  /** The pool's query, {@code W_q latent + b_q}, in float64. It is constant, because the latent is a parameter of the model. */
  private QueryWeights poolQuery(String prefix) {
    int width = config.vision().width();
    try (TensorLoan latent = source.borrow(prefix + "latent");
        TensorLoan weight = source.borrow(prefix + "q.weight");
        TensorLoan bias = finite(prefix + "q.bias")) {
      double[] input = latent.tensor().toDoubleArray();
      double[] query = bias.tensor().toDoubleArray();
      for (int row = 0; row < width; row++) {
        double[] matrixRow = weight.tensor().rows(row, 1).toDoubleArray();
        double sum = 0;
        for (int column = 0; column < width; column++) {
          sum += matrixRow[column] * input[column];
        }
        query[row] += sum;
      }
      return store.query(prefix + "q.weight", HostTensor.of(query, width));
    }
  }

  /** Query, key and value matrices of a BERT layer as one matrix [3 * width, width]: one product replaces three. */
  private LinearWeights stackedQkv(String prefix) {
    try (Arena arena = Arena.ofConfined()) {
      return store.linear(prefix + "qkv.weight", stack(arena, prefix, ".weight"), stack(arena, prefix, ".bias"));
    }
  }

  private HostTensor stack(Arena arena, String prefix, String suffix) {
    boolean vector = suffix.equals(".bias");
    try (TensorLoan query = vector ? finite(prefix + "query" + suffix) : source.borrow(prefix + "query" + suffix);
        TensorLoan key = vector ? finite(prefix + "key" + suffix) : source.borrow(prefix + "key" + suffix);
        TensorLoan value = vector ? finite(prefix + "value" + suffix) : source.borrow(prefix + "value" + suffix)) {
      List<HostTensor> parts = List.of(query.tensor(), key.tensor(), value.tensor());
      DType dtype = parts.getFirst().dtype();
      if (!parts.stream().allMatch(part -> part.dtype() == dtype)) {
        throw new IllegalArgumentException(prefix + "*" + suffix + " are " + parts + ", expected one type");
      }
      long[] extents = parts.getFirst().shape().toArray();
      extents[0] *= parts.size();
      HostTensor stacked = HostTensor.allocate(arena, dtype, extents);
      HostTensor.gather(parts, stacked.data());
      return stacked;
    }
  }

  /** Borrows a vector of finite numbers. */
  private TensorLoan finite(String name) {
    TensorLoan loan = source.borrow(name);
    try {
      long bad = loan.tensor().firstNonFinite();
      if (bad >= 0) {
        throw new BadInputException(source.description() + ": tensor " + name + " has " + loan.tensor().getDouble(bad) + " at element " + bad
            + ", expected finite numbers");
      }
      return loan;
    } catch (RuntimeException | Error failure) {
      loan.close();
      throw failure;
    }
  }
}
