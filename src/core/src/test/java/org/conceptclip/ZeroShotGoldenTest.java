package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.text.TokenizedText;
import org.conceptclip.weights.Checkpoint;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Scoring against the official model's own features: probabilities are worked out here, in plain loops, from the golden
 * tensors of the tiny model, and must come out of the classifier.
 *
 * <p>The tiny model has no tokenizer. Label {@code k} stands for golden text {@code k}; all its tokens but the first and the
 * last lie under the label.
 */
class ZeroShotGoldenTest {
  /** Golden features are rounded to float32 (6e-8 of values up to 0.4 over 144 columns), the scales are 90 and 55. */
  private static final double TOLERANCE = 2e-5;

  private static final int CONCEPT_COLUMNS = 144;

  private static Path folder;
  private static SafetensorsFile golden;
  private static Backend backend;
  private static Encoder encoder;
  private static Engine engine;

  @BeforeAll
  static void load() throws URISyntaxException {
    folder = Path.of(ZeroShotGoldenTest.class.getResource("/golden/tiny").toURI());
    golden = SafetensorsFile.open(folder.resolve("expected.safetensors"));
    backend = new ReferenceBackend();
    ModelConfig config = ModelConfigReader.read(folder);
    try (WeightSource weights = Checkpoint.open(folder, ModelLayout.of(config))) {
      encoder = Encoder.load(config, weights, backend, notice -> {});
    }
    engine = Engine.open(List.of(encoder), EngineOptions.builder().warmUp(false).build());
  }

  @AfterAll
  static void close() {
    engine.close();
    encoder.close();
    backend.close();
    golden.close();
  }

  @Test
  void globalScoresAreTheSoftmaxOfTheOfficialLogits() {
    double[][] found = classify(List.of("{}"), ScoringOptions.of(Scoring.GLOBAL));
    double[] logits = values("logits_per_image");
    for (int image = 0; image < 3; image++) {
      assertArrayEquals(softmax(Arrays.copyOfRange(logits, image * 5, image * 5 + 5)), found[image], TOLERANCE);
    }
  }

  @Test
  void templatesAreAveragedAfterNormalisationAndNormalisedAgain() {
    // In the second template label k reads golden text k + 1.
    double[][] found = classify(List.of("{}", "next {}"), ScoringOptions.of(Scoring.GLOBAL));
    double[][] texts = rows("text_features", CONCEPT_COLUMNS);
    double[][] classes = new double[5][];
    for (int k = 0; k < 5; k++) {
      classes[k] = normalised(sum(texts[k], texts[(k + 1) % 5]));
    }
    double scale = values("logit_scale_exp")[0];
    double[][] images = rows("image_features", CONCEPT_COLUMNS);
    for (int image = 0; image < 3; image++) {
      double[] features = images[image];
      double[] logits = Arrays.stream(classes).mapToDouble(text -> scale * dot(features, text)).toArray();
      assertArrayEquals(softmax(logits), found[image], TOLERANCE);
    }
  }

  @Test
  void localScoresAreTheBestPatchesAgainstTheTokensOfTheLabel() {
    double[][] found = classify(List.of("{}"), new ScoringOptions(Scoring.LOCAL, 4, 0.5));
    for (int image = 0; image < 3; image++) {
      assertArrayEquals(local(image, 4), found[image], TOLERANCE);
    }
  }

  @Test
  void moreThanAllPatchesAreAllPatches() {
    double[][] found = classify(List.of("{}"), ScoringOptions.of(Scoring.LOCAL));
    assertArrayEquals(local(1, 16), found[1], TOLERANCE);
  }

  @Test
  void anEnsembleWeighsTheLocalProbabilityByAlpha() {
    double[][] found = classify(List.of("{}"), new ScoringOptions(Scoring.ENSEMBLE, 4, 0.25));
    double[] global = softmax(Arrays.copyOfRange(values("logits_per_image"), 0, 5));
    double[] local = local(0, 4);
    for (int k = 0; k < 5; k++) {
      assertEquals(0.25 * local[k] + 0.75 * global[k], found[0][k], TOLERANCE);
    }
    assertEquals(1, Arrays.stream(found[0]).sum(), 1e-12);
  }

  @Test
  void aLabelWithoutTokensIsRefused() {
    Function<List<String>, List<TokenizedText>> blind = texts -> texts.stream()
        .map(text -> new TokenizedText(new int[] {2, 3}, new int[2], new int[2], false))
        .toList();
    BadInputException refusal = assertThrows(
        BadInputException.class,
        () -> encode(blind, List.of("ghost"), List.of("{}"), false));
    assertTrue(refusal.getMessage().contains("\"ghost\"") && refusal.getMessage().contains("no token"), refusal.getMessage());
  }

  @Test
  void cutPromptsAreReported() {
    Function<List<String>, List<TokenizedText>> cutting = texts -> ZeroShotGoldenTest.tokenize(texts).stream()
        .map(text -> new TokenizedText(text.ids(), text.charBegin(), text.charEnd(), text.ids().length > 12))
        .toList();
    ClassVectors classes = encode(cutting, List.of("0", "3", "4"), List.of("{}"), false);
    assertEquals(List.of("3", "4"), classes.truncated());
  }

  private static double[][] classify(List<String> templates, ScoringOptions options) {
    List<String> labels = List.of("0", "1", "2", "3", "4");
    ClassVectors classes = encode(ZeroShotGoldenTest::tokenize, labels, templates, options.scoring().usesConcepts());
    Classifier classifier = new Classifier(() -> engine, 8, classes, options, encoder.scalars().logitScale());
    try (TensorLoan pixels = golden.read("input_uint8_nhwc");
        Stream<Outcome<ImageInput, Classification>> outcomes =
            classifier.classify(images(pixels.tensor()).stream(), RequestOptions.DEFAULT)) {
      return outcomes.map(Outcome::orThrow)
          .map(found -> labels.stream().mapToDouble(found::probability).toArray())
          .toArray(double[][]::new);
    }
  }

  private static ClassVectors encode(
      Function<List<String>, List<TokenizedText>> tokenizer, List<String> labels, List<String> templates, boolean withConcepts) {
    return ClassVectors.encode((prompts, detail) -> Calls.texts(engine, prompts, detail), tokenizer, labels,
        templates.stream().map(PromptTemplate::parse).toList(), withConcepts);
  }

  private static List<ImageInput> images(HostTensor pixels) {
    int size = encoder.imageSize();
    long bytes = 3L * size * size;
    return IntStream.range(0, 3)
        .<ImageInput>mapToObj(i -> new ImageInput.Pixels(
            HostTensor.view(DType.U8, Shape.of(size, size, 3), pixels.data().asSlice(i * bytes, bytes))))
        .toList();
  }

  private static List<TokenizedText> tokenize(List<String> texts) {
    return texts.stream().map(ZeroShotGoldenTest::tokenize).toList();
  }

  private static TokenizedText tokenize(String text) {
    int digit = text.length() - 1;
    int row = (text.charAt(digit) - '0' + (digit > 0 ? 1 : 0)) % 5;
    int length = length(row);
    double[] ids = rows("input_ids", 24)[row];
    int[] begin = new int[length];
    int[] end = new int[length];
    for (int token = 1; token < length - 1; token++) {
      begin[token] = digit;
      end[token] = digit + 1;
    }
    return new TokenizedText(
        IntStream.range(0, length).map(token -> (int) ids[token]).toArray(), begin, end, false);
  }

  /** Local probabilities from the official token features. */
  private static double[] local(int image, int topK) {
    double scale = values("concept_logit_scale_exp")[0];
    double[][] patches = rows("image_token_projected", CONCEPT_COLUMNS);
    double[][] tokens = rows("text_token_projected", CONCEPT_COLUMNS);
    double[] logits = new double[5];
    for (int k = 0; k < 5; k++) {
      double[] concept = new double[CONCEPT_COLUMNS];
      for (int token = 1; token < length(k) - 1; token++) {
        concept = sum(concept, tokens[k * 24 + token]);
      }
      double[] direction = normalised(concept);
      double[] scores = IntStream.range(image * 16, image * 16 + 16)
          .mapToDouble(patch -> scale * dot(normalised(patches[patch]), direction))
          .sorted()
          .toArray();
      logits[k] = Arrays.stream(scores, 16 - topK, 16).average().orElseThrow();
    }
    return softmax(logits);
  }

  private static int length(int text) {
    return (int) values("text_lengths")[text];
  }

  private static double[] values(String name) {
    try (TensorLoan loan = golden.read(name)) {
      HostTensor tensor = loan.tensor();
      return tensor.dtype().isFloat()
          ? tensor.toDoubleArray()
          : IntStream.range(0, (int) tensor.shape().elements()).mapToDouble(tensor::getLong).toArray();
    }
  }

  private static double[][] rows(String name, int columns) {
    double[] values = values(name);
    return IntStream.range(0, values.length / columns)
        .mapToObj(row -> Arrays.copyOfRange(values, row * columns, (row + 1) * columns))
        .toArray(double[][]::new);
  }

  private static double[] sum(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  private static double[] normalised(double[] vector) {
    double norm = Math.sqrt(dot(vector, vector));
    return Arrays.stream(vector).map(value -> value / norm).toArray();
  }

  private static double[] softmax(double[] logits) {
    double max = Arrays.stream(logits).max().orElseThrow();
    double[] exponentials = Arrays.stream(logits).map(logit -> Math.exp(logit - max)).toArray();
    double sum = Arrays.stream(exponentials).sum();
    return Arrays.stream(exponentials).map(value -> value / sum).toArray();
  }
}
