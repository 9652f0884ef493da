package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelConfigReader;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
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
 * The official protocols on the golden tiny model, against a transcription of their formulas to numpy ({@code
 * model-conversion/fixtures/make_protocol_fixtures.py}). Both compute in float64.
 */
class ProtocolParityTest {
  /** The bar. What is left are other orders of float64 sums, about 1e-13; the largest difference is printed. */
  private static final double TOLERANCE = 1e-6;

  private static JsonObject fixture;
  private static SafetensorsFile golden;
  private static Backend backend;
  private static Encoder encoder;
  private static TensorLoan pixels;
  private static Encoding images;

  @BeforeAll
  static void load() throws URISyntaxException, IOException {
    Path folder = Path.of(ProtocolParityTest.class.getResource("/golden/tiny").toURI());
    golden = SafetensorsFile.open(folder.resolve("expected.safetensors"));
    backend = new ReferenceBackend();
    ModelConfig config = ModelConfigReader.read(folder);
    try (WeightSource weights = Checkpoint.open(folder, ModelLayout.of(config))) {
      encoder = Encoder.load(config, weights, backend, notice -> { });
    }
    pixels = golden.read("input_pixels");
    images = encoder.encodeImages(pixels.tensor(), Detail.TOKENS);
    try (InputStream in = ProtocolParityTest.class.getResourceAsStream("/protocol/protocol.json")) {
      fixture = JsonParser.parseReader(new InputStreamReader(in, StandardCharsets.UTF_8)).getAsJsonObject();
    }
  }

  @AfterAll
  static void close() {
    pixels.close();
    encoder.close();
    backend.close();
    golden.close();
  }

  @Test
  void theAnnotationProtocolIsTheOfficialOne() {
    double largest = 0;
    for (JsonElement element : fixture.getAsJsonArray("annotations")) {
      JsonObject one = element.getAsJsonObject();
      OfficialAnnotation.Prompt negative = prompt(one.getAsJsonArray("negative"), length(one));
      OfficialAnnotation.Prompt positive = prompt(one.getAsJsonArray("positive"), length(one));
      for (int i = 0; i < 3; i++) {
        OfficialAnnotation found = annotate(image(i, patches(i)), negative, positive, one.get("alpha").getAsDouble());
        JsonObject wanted = one.getAsJsonArray("images").get(i).getAsJsonObject();
        largest = Math.max(largest, difference(doubles(wanted.get("global")), found.global()));
        largest = Math.max(largest, difference(doubles(wanted.get("local")), found.local()));
        largest = Math.max(largest, difference(doubles(wanted.get("blended")), found.blended()));
        largest = Math.max(largest, Math.abs(wanted.get("score").getAsDouble() - found.score()));
        assertEquals(wanted.get("positive").getAsBoolean(), found.positive());
        assertEquals(found.positive(), found.score() > 0.5);
      }
    }
    System.out.println("official annotation: largest difference " + largest);
    assertTrue(largest < TOLERANCE, "largest difference " + largest);
  }

  @Test
  void eachTrapOfTheAnnotationProtocolWouldBeSeen() {
    double[] smallest = new double[5];
    Arrays.fill(smallest, Double.MAX_VALUE);
    for (JsonElement element : fixture.getAsJsonArray("annotations")) {
      JsonObject one = element.getAsJsonObject();
      JsonArray negativeIds = one.getAsJsonArray("negative");
      JsonArray positiveIds = one.getAsJsonArray("positive");
      double alpha = one.get("alpha").getAsDouble();
      OfficialAnnotation.Prompt negative = prompt(negativeIds, length(one));
      OfficialAnnotation.Prompt positive = prompt(positiveIds, length(one));
      for (int i = 0; i < 3; i++) {
        double wanted = one.getAsJsonArray("images").get(i).getAsJsonObject().get("score").getAsDouble();
        OfficialAnnotation.Image image = image(i, patches(i));
        double lastReal = annotate(image, prompt(negativeIds, negativeIds.size()), prompt(positiveIds, positiveIds.size()), alpha).score();
        double once = annotate(image, negative, positive, alpha).blended()[1];
        double best = bestPatches(i, negative, positive, alpha);
        int other = one.get("padding").getAsString().equals("longest") ? 24 : Math.max(negativeIds.size(), positiveIds.size());
        double otherPadding = annotate(image, prompt(negativeIds, other), prompt(positiveIds, other), alpha).score();
        double swapped = annotate(image, negative, positive, 1 - alpha).score();
        boolean padded = negativeIds.size() < length(one) || positiveIds.size() < length(one);
        double[] wrong = {lastReal, once, best, otherPadding, swapped};
        // Without padding behind either prompt there is nothing to mistake, and halves can be swapped.
        boolean[] applies = {padded, true, true, negativeIds.size() != 24, alpha != 0.5};
        for (int trap = 0; trap < wrong.length; trap++) {
          if (applies[trap]) {
            smallest[trap] = Math.min(smallest[trap], Math.abs(wrong[trap] - wanted));
          }
        }
      }
    }
    String found = "last real token, one softmax, best patches, other padding, weights swapped move scores by at least "
        + Arrays.toString(smallest);
    System.out.println(found);
    for (double least : smallest) {
      assertTrue(least > TOLERANCE, found);
    }
  }

  /** The score if the best five patches counted instead of all. */
  private static double bestPatches(int i, OfficialAnnotation.Prompt negative, OfficialAnnotation.Prompt positive, double alpha) {
    double[][] all = patches(i);
    double[] means = new double[2];
    OfficialAnnotation.Prompt[] prompts = {negative, positive};
    for (int p = 0; p < 2; p++) {
      double[] direction = prompts[p].lastToken();
      double[] scores = Arrays.stream(all).mapToDouble(patch -> cosine(patch, direction)).sorted().toArray();
      means[p] = encoder.scalars().conceptLogitScale() * Arrays.stream(scores, scores.length - 5, scores.length).average().orElseThrow();
    }
    double[] local = OfficialAnnotation.softmax(means[0], means[1]);
    double[] global = annotate(image(i, all), negative, positive, alpha).global();
    return OfficialAnnotation.softmax(alpha * global[0] + (1 - alpha) * local[0], alpha * global[1] + (1 - alpha) * local[1])[1];
  }

  @Test
  void theZeroShotProtocolIsTheOfficialOne() {
    double largest = 0;
    for (JsonElement element : fixture.getAsJsonArray("zero_shot")) {
      JsonObject one = element.getAsJsonObject();
      Encoding scores = scores(classes(one), one.get("k").getAsInt());
      for (Scoring scoring : Scoring.values()) {
        ScoringOptions options = new ScoringOptions(scoring, one.get("k").getAsInt(), one.get("alpha").getAsDouble());
        for (int i = 0; i < 3; i++) {
          double[] global = scores.globalLogits().rows(i, 1).toDoubleArray();
          double[] local = scores.localLogits().rows(i, 1).toDoubleArray();
          largest = Math.max(largest, difference(wanted(one, i, "multi_class", scoring), options.probabilities(global, local)));
          largest = Math.max(largest, difference(wanted(one, i, "multi_label", scoring), options.independentProbabilities(global, local)));
        }
      }
    }
    System.out.println("official zero-shot: largest difference " + largest);
    assertTrue(largest < TOLERANCE, "largest difference " + largest);
  }

  @Test
  void eachTrapOfTheZeroShotProtocolWouldBeSeen() {
    for (JsonElement element : fixture.getAsJsonArray("zero_shot")) {
      JsonObject one = element.getAsJsonObject();
      int k = one.get("k").getAsInt();
      double alpha = one.get("alpha").getAsDouble();
      ClassVectors classes = classes(one);
      for (int i = 0; i < 3; i++) {
        double[] global = scores(classes, k).globalLogits().rows(i, 1).toDoubleArray();
        double[] local = scores(classes, k).localLogits().rows(i, 1).toDoubleArray();
        double[] others = scores(classes, k == 5 ? 16 : 5).localLogits().rows(i, 1).toDoubleArray();
        ScoringOptions ensemble = new ScoringOptions(Scoring.ENSEMBLE, k, alpha);
        double[] right = wanted(one, i, "multi_class", Scoring.ENSEMBLE);
        assertTrue(difference(right, ensemble.probabilities(global, others)) > TOLERANCE, "another k");
        assertTrue(difference(right, ensemble.independentProbabilities(global, local)) > TOLERANCE, "sigmoid for softmax");
        assertTrue(alpha == 0.5
            || difference(right, new ScoringOptions(Scoring.ENSEMBLE, k, 1 - alpha).probabilities(global, local)) > TOLERANCE, "alpha");
      }
    }
  }

  private static Encoding scores(ClassVectors classes, int k) {
    return encoder.scoreImages(pixels.tensor(), classes.textFeatures(), classes.concepts(), k);
  }

  private static double[] wanted(JsonObject one, int image, String kind, Scoring scoring) {
    JsonObject scores = one.getAsJsonArray("images").get(image).getAsJsonObject().getAsJsonObject(kind);
    return doubles(scores.get(scoring.name().toLowerCase(Locale.ROOT)));
  }

  /** The class names and templates of a case as words of digits, each of which is a token. */
  private static ClassVectors classes(JsonObject one) {
    List<String> names = one.getAsJsonArray("names").asList().stream().map(ids -> words(ids.getAsJsonArray())).toList();
    List<PromptTemplate> templates = new ArrayList<>();
    for (JsonElement template : one.getAsJsonArray("templates")) {
      String before = words(template.getAsJsonArray().get(0).getAsJsonArray());
      String behind = words(template.getAsJsonArray().get(1).getAsJsonArray());
      templates.add(new PromptTemplate(before.isEmpty() ? "" : before + " ", behind.isEmpty() ? "" : " " + behind));
    }
    return ClassVectors.encode(
        (texts, detail) -> texts.stream().map(text -> encoder.encodePaddedTexts(ids(text.ids()), detail)).toList(),
        texts -> texts.stream().map(ProtocolParityTest::tokenized).toList(), names, templates, true);
  }

  private static String words(JsonArray ids) {
    return ids.asList().stream().map(JsonElement::getAsString).collect(Collectors.joining(" "));
  }

  private static TokenizedText tokenized(String text) {
    String[] words = text.split(" ");
    int[] ids = new int[words.length + 2];
    int[] begin = new int[ids.length];
    int[] end = new int[ids.length];
    ids[0] = 2;
    ids[ids.length - 1] = 3;
    for (int w = 0, at = 0; w < words.length; at += words[w].length() + 1, w++) {
      ids[w + 1] = Integer.parseInt(words[w]);
      begin[w + 1] = at;
      end[w + 1] = at + words[w].length();
    }
    return new TokenizedText(ids, begin, end, false);
  }

  private static int length(JsonObject one) {
    return one.get("length").getAsInt();
  }

  private static OfficialAnnotation.Prompt prompt(JsonArray text, int length) {
    int[] padded = Arrays.copyOf(text.asList().stream().mapToInt(JsonElement::getAsInt).toArray(), length);
    Encoding encoding = encoder.encodePaddedTexts(ids(padded), Detail.TOKENS);
    return new OfficialAnnotation.Prompt(
        encoding.features().toDoubleArray(), encoding.tokenFeatures().rows(length - 1, 1).toDoubleArray());
  }

  private static HostTensor ids(int[] ids) {
    return HostTensor.view(DType.I32, Shape.of(1, ids.length), MemorySegment.ofArray(ids));
  }

  private static OfficialAnnotation annotate(
      OfficialAnnotation.Image image, OfficialAnnotation.Prompt negative, OfficialAnnotation.Prompt positive, double alpha) {
    return OfficialAnnotation.of(image, negative, positive, encoder.scalars().logitScale(), encoder.scalars().conceptLogitScale(), alpha);
  }

  private static OfficialAnnotation.Image image(int i, double[][] patches) {
    return OfficialAnnotation.Image.of(images.features().rows(i, 1).toDoubleArray(), patches);
  }

  private static double[][] patches(int i) {
    return IntStream.range(0, 16).mapToObj(p -> images.tokenFeatures().rows(i * 16L + p, 1).toDoubleArray()).toArray(double[][]::new);
  }

  private static double cosine(double[] a, double[] b) {
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  private static double[] doubles(JsonElement array) {
    return array.getAsJsonArray().asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
  }

  private static double difference(double[] a, double[] b) {
    assertEquals(a.length, b.length);
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElseThrow();
  }
}
