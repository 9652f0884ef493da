package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import javax.imageio.ImageIO;
import org.conceptclip.backend.Backend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.WeightSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The full-size model (542,868,036 generated weights) on one backend against the official code in float64. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class FullParity {
  private static final Golden GOLDEN = Golden.of("full");

  private final ModelConfig config = ModelConfig.conceptClip("synthetic:full");
  private Backend backend;
  private Encoder encoder;

  abstract Backend openBackend();

  abstract Limits limits();

  @BeforeAll
  void open() {
    backend = openBackend();
    try (WeightSource weights = new SyntheticWeights("synthetic:full", ModelLayout.of(config))) {
      encoder = Encoder.load(config, weights, backend, notice -> {});
    }
  }

  @AfterAll
  void close() {
    encoder.close();
    backend.close();
  }

  @Test
  void imagesTextsAndLogits() throws IOException {
    HostTensor pixels = images();
    Encoding images = encoder.encodeImages(pixels, Detail.STATES);
    checkFeatures("image_features_raw", images.rawFeatures());
    checkFeatures("image_features", images.features());
    checkRows("image_token_features", images.tokenStates(), "image_token_rows");
    checkRows("image_token_projected", images.tokenFeatures(), "image_token_rows");
    for (int image = 0; image < 2; image++) {
      checkFingerprint("image_token_features.sum_sumsq_maxabs", image, images.tokenStates().rows(image * 729L, 729));
      checkFingerprint("image_token_projected.sum_sumsq_maxabs", image, images.tokenFeatures().rows(image * 729L, 729));
    }

    Encoding texts = encoder.encodePaddedTexts(GOLDEN.get("input_ids"), Detail.STATES);
    checkFeatures("text_features_raw", texts.rawFeatures());
    checkFeatures("text_features", texts.features());
    checkRows("text_token_features", texts.tokenStates(), "text_token_rows");
    checkRows("text_token_projected", texts.tokenFeatures(), "text_token_rows");
    for (int text = 0; text < 4; text++) {
      long length = GOLDEN.get("text_lengths").getLong(text);
      checkFingerprint(
          "text_token_features.sum_sumsq_maxabs_unpadded", text, texts.tokenStates().rows(text * 77L, length));
      checkFingerprint(
          "text_token_projected.sum_sumsq_maxabs_unpadded", text, texts.tokenFeatures().rows(text * 77L, length));
    }

    HostTensor logits = encoder.scoreImages(pixels, texts.features(), null, 1).globalLogits();
    Errors errors = Errors.between(logits, GOLDEN.get("logits_per_image"));
    assertTrue(errors.maxAbsolute() <= limits().logits(), () -> "logits_per_image: " + errors);
  }

  static HostTensor images() throws IOException {
    byte[] pixels = new byte[2 * 384 * 384 * 3];
    int next = 0;
    for (int i = 0; i < 2; i++) {
      BufferedImage image = ImageIO.read(Golden.folder("full").resolve("image_" + i + ".png").toFile());
      assertEquals(384, image.getWidth());
      for (int y = 0; y < 384; y++) {
        for (int x = 0; x < 384; x++) {
          int rgb = image.getRGB(x, y);
          pixels[next++] = (byte) (rgb >> 16);
          pixels[next++] = (byte) (rgb >> 8);
          pixels[next++] = (byte) rgb;
        }
      }
    }
    return HostTensor.view(DType.U8, Shape.of(2, 384, 384, 3), MemorySegment.ofArray(pixels));
  }

  private void checkFeatures(String name, HostTensor found) {
    Errors errors = Errors.between(found, GOLDEN.get(name));
    errors.assertWithin(name, limits().features(), limits().rms());
    assertTrue(errors.oneMinusCosine() <= limits().oneMinusCosine(), () -> name + ": " + errors);
  }

  /** Compares the token rows that the golden file lists. */
  private void checkRows(String name, HostTensor found, String rowsName) {
    HostTensor expected = GOLDEN.get(name);
    Errors.between(selectRows(found, GOLDEN.get(rowsName), expected), expected)
        .assertWithin(name, limits().tokens(), limits().rms());
  }

  /** Of {@code found} [batch * tokens, columns], the listed rows of each item, [batch * listed, columns]. */
  static HostTensor selectRows(HostTensor found, HostTensor rows, HostTensor expected) {
    int columns = (int) expected.columns();
    int listed = (int) rows.shape().elements();
    long batch = expected.shape().extent(0);
    long tokens = found.rows() / batch;
    double[] values = new double[(int) expected.shape().elements()];
    for (int b = 0; b < batch; b++) {
      for (int r = 0; r < listed; r++) {
        double[] row = found.rows(b * tokens + rows.getLong(r), 1).toDoubleArray();
        System.arraycopy(row, 0, values, (b * listed + r) * columns, columns);
      }
    }
    return HostTensor.of(values, batch * listed, columns);
  }

  /**
   * Sum, sum of squares and largest magnitude over all rows. With e_rms below its limit L, Cauchy-Schwarz bounds the
   * difference of the sums by {@code L * sqrt(n * sumsq)} and that of the sums of squares by {@code (2L + L^2) * sumsq}.
   */
  private void checkFingerprint(String name, int item, HostTensor found) {
    double sum = 0;
    double squares = 0;
    double max = 0;
    for (double value : found.toDoubleArray()) {
      sum += value;
      squares += value * value;
      max = Math.max(max, Math.abs(value));
    }
    double[] expected = GOLDEN.get(name).rows(item, 1).toDoubleArray();
    double limit = limits().rms();
    long n = found.shape().elements();
    assertEquals(expected[0], sum, limit * Math.sqrt(n * expected[1]), name + " sum");
    assertEquals(expected[1], squares, (2 * limit + limit * limit) * expected[1], name + " sum of squares");
    assertEquals(expected[2], max, limits().tokens() * Math.sqrt(expected[1] / n), name + " largest magnitude");
  }
}
