package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.ModelLoader;
import org.conceptclip.model.ModelWeights;
import org.conceptclip.model.TextTower;
import org.conceptclip.model.VisionTower;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.weights.Checkpoint;
import org.conceptclip.weights.WeightSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The tiny golden model on one backend: every tensor that the official code's run stored. */
abstract class TinyParity {
  private static final Golden GOLDEN = Golden.of("tiny");

  private final ModelConfig config = ModelConfigReader.read(Golden.folder("tiny"));
  private Backend backend;
  private WeightSource weights;
  private Encoder encoder;

  abstract Backend openBackend();

  abstract Limits limits();

  @BeforeEach
  void open() {
    backend = openBackend();
    weights = Checkpoint.open(Golden.folder("tiny"), ModelLayout.of(config));
    encoder = Encoder.load(config, weights, backend, notice -> {});
  }

  @AfterEach
  void close() {
    encoder.close();
    weights.close();
    backend.close();
  }

  @Test
  void imageOutputs() {
    Encoding images = encoder.encodeImages(GOLDEN.get("input_pixels"), Detail.STATES);
    checkImages(images);
  }

  @Test
  void imageOutputsFromBytes() {
    checkImages(encoder.encodeImages(GOLDEN.get("input_uint8_nhwc"), Detail.STATES));
  }

  private void checkImages(Encoding images) {
    checkFeatures("image_features_raw", images.rawFeatures());
    checkFeatures("image_features", images.features());
    check("image_token_features", images.tokenStates());
    check("image_token_projected", images.tokenFeatures());
  }

  @Test
  void paddedTextOutputs() {
    Encoding texts = encoder.encodePaddedTexts(GOLDEN.get("input_ids"), Detail.STATES);
    checkFeatures("text_features_raw", texts.rawFeatures());
    checkFeatures("text_features", texts.features());
    check("text_token_features", texts.tokenStates());
    check("text_token_projected", texts.tokenFeatures());
  }

  @Test
  void packedTextOutputs() {
    TokenBatch packed = TokenBatch.packed(texts());
    Encoding texts = encoder.encodeTexts(packed, Detail.STATES);
    checkFeatures("text_features_raw", texts.rawFeatures());
    checkFeatures("text_features", texts.features());
    for (int s = 0; s < packed.count(); s++) {
      int start = packed.sequences().start(s);
      int length = packed.sequences().rows(s);
      check("text_token_features", rows("text_token_features", s, length), texts.tokenStates().rows(start, length));
      check("text_token_projected", rows("text_token_projected", s, length), texts.tokenFeatures().rows(start, length));
    }
  }

  @Test
  void logits() {
    HostTensor texts = encoder.encodePaddedTexts(GOLDEN.get("input_ids"), Detail.FEATURES).features();
    HostTensor logits = encoder.scoreImages(GOLDEN.get("input_pixels"), texts, null, 1).globalLogits();
    Errors errors = Errors.between(logits, GOLDEN.get("logits_per_image"));
    assertTrue(errors.maxAbsolute() <= limits().logits(), () -> "logits_per_image: " + errors);
    double bias = encoder.scalars().logitBias();
    for (int i = 0; i < logits.shape().elements(); i++) {
      assertEquals(GOLDEN.get("logits_with_bias").getDouble(i), logits.getDouble(i) + bias, limits().logits());
    }
  }

  @Test
  void scalars() {
    double relative = 1e-7;
    double logitScale = GOLDEN.get("logit_scale_exp").getDouble(0);
    double conceptScale = GOLDEN.get("concept_logit_scale_exp").getDouble(0);
    assertEquals(logitScale, encoder.scalars().logitScale(), relative * logitScale);
    assertEquals(conceptScale, encoder.scalars().conceptLogitScale(), relative * conceptScale);
    assertEquals(-10, encoder.scalars().logitBias());
    assertEquals(-10, encoder.scalars().conceptLogitBias());
  }

  @Test
  void visionIntermediates() {
    HostTensor pixels = GOLDEN.get("input_pixels");
    long imageBytes = pixels.byteSize() / 3;
    HostTensor first = HostTensor.view(
        DType.F32, Shape.of(1, 3, 61, 61), pixels.data().asSlice(0, imageBytes));
    List<HostTensor> queries = new ArrayList<>();
    try (WeightStore parameters = recordingQueries(backend.openWeightStore(), queries);
        Execution execution = backend.openExecution()) {
      ModelWeights model = ModelLoader.load(config, weights, parameters);
      Workspace workspace = execution.workspace();
      ObservedOps ops = new ObservedOps(execution.ops(), workspace);
      VisionTower tower = new VisionTower(config.vision(), model.vision());
      Tensor input = workspace.buffer("test.pixels", workspace.featureType(), first.shape());
      workspace.upload(first, input);
      Tensor states = tower.states(ops, workspace, input);
      tower.pool(ops, workspace, states, Sequences.uniform(1, config.vision().tokens()));

      String trunk = "visual.trunk.";
      HostTensor embedded = ops.seen(trunk + "patch_embed.proj.weight:out");
      check("vision.embed", embedded);
      check("vision.patch_embed", minusPositions(embedded));
      String block = trunk + "blocks.0.";
      check("vision.block_0.norm1", ops.seen(block + "norm1.weight:out"));
      check("vision.block_0.qkv", ops.seen(block + "attn.qkv.weight:out"));
      check("vision.block_0.attn_heads_concat", ops.seen(block + "attn.proj.weight:in"));
      check("vision.block_0.attn", ops.seen(block + "attn.proj.weight:out"));
      check("vision.block_0.norm2", ops.seen(block + "norm2.weight:out"));
      check("vision.block_0.fc1", ops.seen(block + "mlp.fc1.weight:sum"));
      check("vision.block_0.gelu", ops.seen(block + "mlp.fc1.weight:out"));
      check("vision.block_0.mlp", ops.seen(block + "mlp.fc2.weight:out"));
      check("vision.block_0", ops.seen(trunk + "blocks.1.norm1.weight:sum"));
      check("vision.block_1", ops.seen(trunk + "blocks.2.norm1.weight:sum"));
      check("vision.block_2", ops.seen(trunk + "norm.weight:sum"));
      check("vision.norm", ops.seen(trunk + "norm.weight:out"));
      String pool = trunk + "attn_pool.";
      check("vision.attn_pool.q", queries.getFirst());
      check("vision.attn_pool.kv", ops.seen(pool + "kv.weight:out"));
      check("vision.attn_pool.heads_concat", ops.seen(pool + "proj.weight:in"));
      check("vision.attn_pool.proj", ops.seen(pool + "proj.weight:out"));
      check("vision.attn_pool.norm", ops.seen(pool + "norm.weight:out"));
      check("vision.attn_pool.mlp", ops.seen(pool + "mlp.fc2.weight:sum"));
    }
  }

  @Test
  void textIntermediates() {
    int length = 24;
    int[] ids = new int[length];
    int[] positions = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = (int) GOLDEN.get("input_ids").getLong(i);
      positions[i] = i;
    }
    int tokens = (int) GOLDEN.get("text_lengths").getLong(0);
    try (WeightStore parameters = backend.openWeightStore();
        Execution execution = backend.openExecution()) {
      ModelWeights model = ModelLoader.load(config, weights, parameters);
      Workspace workspace = execution.workspace();
      ObservedOps ops = new ObservedOps(execution.ops(), workspace);
      TextTower tower = new TextTower(config.text(), model.text());
      tower.states(ops, workspace, new TokenBatch(ids, positions, Sequences.dense(length, tokens)));

      check("text.embeddings", ops.seen("text.transformer.embeddings.word_embeddings.weight:out"));
      String layer = "text.transformer.encoder.layer.0.";
      HostTensor qkv = ops.seen(layer + "attention.self.qkv.weight:out");
      check("text.block_0.query", columns(qkv, 0));
      check("text.block_0.key", columns(qkv, 1));
      check("text.block_0.value", columns(qkv, 2));
      check("text.block_0.attn_heads_concat", ops.seen(layer + "attention.output.dense.weight:in"));
      check("text.block_0.attn_output_norm", ops.seen(layer + "attention.output.LayerNorm.weight:out"));
      check("text.block_0.intermediate_gelu", ops.seen(layer + "intermediate.dense.weight:out"));
      for (int b = 0; b < 3; b++) {
        check("text.block_" + b, ops.seen("text.transformer.encoder.layer." + b + ".output.LayerNorm.weight:out"));
      }
    }
  }

  @Test
  void imageIsBitIdenticalInAnyBatch() {
    HostTensor three = GOLDEN.get("input_uint8_nhwc");
    long imageBytes = three.byteSize() / 3;
    byte[] eight = new byte[(int) (8 * imageBytes)];
    for (int i = 0; i < 8; i++) {
      HostTensor.view(DType.U8, Shape.of(imageBytes), three.data().asSlice((7 - i) % 3 * imageBytes, imageBytes))
          .data().asByteBuffer().get(eight, (int) (i * imageBytes), (int) imageBytes);
    }
    HostTensor batchOfEight = HostTensor.view(
        DType.U8, Shape.of(8, 61, 61, 3), MemorySegment.ofArray(eight));
    Encoding inEight = encoder.encodeImages(batchOfEight, Detail.TOKENS);
    Encoding inThree = encoder.encodeImages(three, Detail.TOKENS);
    for (int i = 0; i < 3; i++) {
      HostTensor alone = HostTensor.view(
          DType.U8, Shape.of(1, 61, 61, 3), three.data().asSlice(i * imageBytes, imageBytes));
      Encoding single = encoder.encodeImages(alone, Detail.TOKENS);
      assertSameBits(single.features(), inThree.features().rows(i, 1));
      assertSameBits(single.tokenFeatures(), inThree.tokenFeatures().rows(i * 16, 16));
      int place = 7 - i;
      assertSameBits(single.features(), inEight.features().rows(place, 1));
      assertSameBits(single.tokenFeatures(), inEight.tokenFeatures().rows(place * 16, 16));
    }
  }

  @Test
  void textIsBitIdenticalInAnyBatch() {
    List<int[]> texts = texts();
    List<int[]> packed = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      packed.add(texts.get((i * 3 + 1) % 5));
    }
    Encoding together = encoder.encodeTexts(TokenBatch.packed(packed), Detail.TOKENS);
    Encoding padded = encoder.encodePaddedTexts(GOLDEN.get("input_ids"), Detail.TOKENS);
    int row = 0;
    for (int i = 0; i < 32; i++) {
      int[] text = packed.get(i);
      Encoding alone = encoder.encodeTexts(TokenBatch.packed(List.of(text)), Detail.TOKENS);
      assertSameBits(alone.features(), together.features().rows(i, 1));
      assertSameBits(alone.tokenFeatures(), together.tokenFeatures().rows(row, text.length));
      assertSameBits(alone.features(), padded.features().rows((i * 3 + 1) % 5, 1));
      row += text.length;
    }
  }

  private List<int[]> texts() {
    HostTensor ids = GOLDEN.get("input_ids");
    List<int[]> texts = new ArrayList<>();
    for (int s = 0; s < 5; s++) {
      int[] text = new int[(int) GOLDEN.get("text_lengths").getLong(s)];
      for (int p = 0; p < text.length; p++) {
        text[p] = (int) ids.getLong(s * ids.columns() + p);
      }
      texts.add(text);
    }
    return texts;
  }

  private HostTensor rows(String name, int text, int count) {
    return GOLDEN.get(name).rows(text * 24L, count);
  }

  private HostTensor minusPositions(HostTensor embedded) {
    double[] values = embedded.toDoubleArray();
    try (var positions = weights.borrow("visual.trunk.pos_embed")) {
      for (int i = 0; i < values.length; i++) {
        values[i] -= positions.tensor().getDouble(i);
      }
    }
    return HostTensor.of(values, embedded.rows(), embedded.columns());
  }

  private static HostTensor columns(HostTensor qkv, int part) {
    int width = (int) qkv.columns() / 3;
    double[] values = new double[(int) qkv.rows() * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = qkv.getDouble(i / width * qkv.columns() + part * width + i % width);
    }
    return HostTensor.of(values, qkv.rows(), width);
  }

  private static WeightStore recordingQueries(WeightStore parameters, List<HostTensor> queries) {
    return (WeightStore) Proxy.newProxyInstance(
        TinyParity.class.getClassLoader(), new Class<?>[] {WeightStore.class}, (proxy, method, arguments) -> {
          if (method.getName().equals("query")) {
            queries.add((HostTensor) arguments[1]);
          }
          try {
            return method.invoke(parameters, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        });
  }

  private void checkFeatures(String name, HostTensor found) {
    Errors errors = Errors.between(found, GOLDEN.get(name));
    errors.assertWithin(name, limits().features(), limits().rms());
    assertTrue(errors.oneMinusCosine() <= limits().oneMinusCosine(), () -> name + ": " + errors);
  }

  private void check(String name, HostTensor found) {
    check(name, GOLDEN.get(name), found);
  }

  private void check(String name, HostTensor expected, HostTensor found) {
    Errors.between(found, expected).assertWithin(name, limits().tokens(), limits().rms());
  }

  static void assertSameBits(HostTensor a, HostTensor b) {
    assertArrayEquals(a.toDoubleArray(), b.toDoubleArray());
  }
}
