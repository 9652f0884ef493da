package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.Stage;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TextTokenizer;
import org.conceptclip.text.TokenizedText;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What comes out of the front door is what the encoder makes, bit for bit, whichever way it was asked for. */
@Timeout(120)
class ConceptClipTest {
  private static final Path XRAY = Path.of("examples/chest-xray-normal.png");
  private static final Path MRI = Path.of("examples/brain-mri-tumour.png");
  private static final List<String> LABELS = List.of("chest X-ray", "brain MRI", "skin lesion");

  private static ConceptClip clip;
  private static Backend backend;
  private static Encoder encoder;
  private static TextTokenizer tokenizer;

  @TempDir private Path folder;

  @BeforeAll
  static void open() {
    clip = ConceptClip.open(quiet().backend("cpu").build());
    backend = new CpuBackend(Precision.FP32, 1);
    try (OpenModel model = OpenModel.embedded()) {
      encoder = model.load(backend);
      tokenizer = model.tokenizer(null);
    }
  }

  @AfterAll
  static void close() {
    clip.close();
    tokenizer.close();
    encoder.close();
    backend.close();
  }

  @Test
  void imagesAreThoseOfTheEncoder() throws IOException {
    float[] expected = encode(XRAY, Detail.FEATURES).features().toFloatArray();
    assertEquals(clip.dimension(), expected.length);
    assertArrayEquals(expected, clip.embedImage(XRAY));
    assertArrayEquals(expected, clip.embedImage(Files.readAllBytes(XRAY)));
    assertArrayEquals(expected, clip.embedImage(new ImageInput.Pixels(image(XRAY)), RequestOptions.DEFAULT));
    assertArrayEquals(expected, clip.submitImage(XRAY).join());
    assertArrayEquals(expected, clip.submitImage(Files.readAllBytes(XRAY)).join());
  }

  @Test
  void textsAreThoseOfTheEncoder() {
    float[] expected = encode("chest X-ray", Detail.FEATURES).features().toFloatArray();
    assertArrayEquals(expected, clip.embedText("chest X-ray"));
    assertArrayEquals(expected, clip.submitText("chest X-ray").join());
  }

  @Test
  void listsKeepTheirOrder() throws IOException {
    List<Path> images = examples();
    List<float[]> vectors = clip.embedImages(images);
    assertEquals(images.size(), vectors.size());
    for (int i = 0; i < images.size(); i++) {
      assertArrayEquals(encode(images.get(i), Detail.FEATURES).features().toFloatArray(), vectors.get(i), images.get(i).toString());
    }
    // More than are tokenised together, of many lengths.
    List<String> texts = IntStream.range(0, 600).mapToObj(i -> "a brain MRI ".repeat(i % 7) + i).toList();
    List<float[]> textVectors = clip.embedTexts(texts);
    List<Outcome<String, float[]>> outcomes;
    try (Stream<Outcome<String, float[]>> stream = clip.embedTexts(texts.stream())) {
      outcomes = stream.toList();
    }
    assertEquals(texts.size(), textVectors.size());
    for (int i = 0; i < texts.size(); i++) {
      assertArrayEquals(encode(texts.get(i), Detail.FEATURES).features().toFloatArray(), textVectors.get(i), texts.get(i));
      assertEquals(texts.get(i), outcomes.get(i).input());
      assertArrayEquals(textVectors.get(i), outcomes.get(i).orThrow());
    }
    assertEquals(List.of(), clip.embedImages(List.of()));
    assertEquals(List.of(), clip.embedTexts(List.of()));
  }

  @Test
  void tokensComeWithTheirPlaces() {
    Encoding image = encode(XRAY, Detail.TOKENS);
    Embedding patches = clip.imageTokens(XRAY);
    assertArrayEquals(image.features().toFloatArray(), patches.vector());
    assertArrayEquals(image.tokenFeatures().toFloatArray(), flat(patches.tokens()));
    assertEquals(patches.tokens().length, patches.side() * patches.side());
    Embedding laterImage = clip.submitImageTokens(new ImageInput.File(XRAY), RequestOptions.DEFAULT).join();
    assertArrayEquals(flat(patches.tokens()), flat(laterImage.tokens()));

    Embedding tokens = clip.textTokens("a brain MRI");
    Encoding text = encode("a brain MRI", Detail.TOKENS);
    assertArrayEquals(text.features().toFloatArray(), tokens.vector());
    assertArrayEquals(text.tokenFeatures().toFloatArray(), flat(tokens.tokens()));
    assertEquals(tokens.textOrNull().length(), tokens.tokens().length);
    assertArrayEquals(new int[] {2, 3}, tokens.textOrNull().tokensOfSpan(2, 11));
    Embedding laterText = clip.submitTextTokens("a brain MRI", RequestOptions.DEFAULT).join();
    assertArrayEquals(tokens.textOrNull().ids(), laterText.textOrNull().ids());
    assertArrayEquals(flat(tokens.tokens()), flat(laterText.tokens()));
  }

  @Test
  void classVectorsAreThoseOfClassifiers() {
    List<PromptTemplate> templates = List.of(PromptTemplate.DEFAULT, PromptTemplate.parse("{} of a patient"));
    ClassVectors expected = ClassVectors.encode(
        (prompts, detail) -> prompts.stream().map(prompt -> encode(prompt, detail)).toList(), tokenizer::encode, LABELS, templates, true);
    ClassVectors vectors = clip.classVectors(LABELS, templates);
    assertEquals(LABELS, vectors.labels());
    assertArrayEquals(expected.textFeatures().toFloatArray(), vectors.textFeatures().toFloatArray());
    assertArrayEquals(expected.concepts().toFloatArray(), vectors.concepts().toFloatArray());
    assertEquals(encoder.scalars().conceptLogitScale(), clip.conceptLogitScale());
    assertThrows(BadInputException.class, () -> clip.classVectors(List.of("a", "a"), templates));
  }

  @Test
  void paddedTextsHaveRowsForTheirPadding() {
    Embedding plain = clip.textTokens("a brain MRI");
    int length = plain.tokens().length;
    for (int padded : new int[] {length, length + 1, encoder.config().text().maxPositions()}) {
      Embedding tokens = clip.paddedTextTokens("a brain MRI", padded);
      assertEquals(padded, tokens.tokens().length);
      assertArrayEquals(plain.vector(), tokens.vector(), 1e-5f);
      for (int i = 0; i < length; i++) {
        assertArrayEquals(plain.tokens()[i], tokens.tokens()[i], 1e-4f, "token " + i + " of " + padded);
      }
      assertArrayEquals(plain.textOrNull().ids(), tokens.textOrNull().ids());
    }
    // Padding has the word [PAD] and its own position, so its row is neither that of a token nor that of other padding.
    Embedding tokens = clip.paddedTextTokens("a brain MRI", length + 2);
    assertTrue(distance(tokens.tokens()[length], tokens.tokens()[length - 1]) > 0.1);
    assertTrue(distance(tokens.tokens()[length], tokens.tokens()[length + 1]) > 1e-3);
    assertThrows(IllegalArgumentException.class, () -> clip.paddedTextTokens("a brain MRI", length - 1));
    assertThrows(IllegalArgumentException.class,
        () -> clip.paddedTextTokens("a brain MRI", encoder.config().text().maxPositions() + 1));
  }

  private static double distance(float[] one, float[] other) {
    return IntStream.range(0, one.length).mapToDouble(i -> Math.abs(one[i] - other[i])).max().orElseThrow();
  }

  @ParameterizedTest
  @EnumSource(Scoring.class)
  void classificationsAreWhatTheEncodersScoresMake(Scoring scoring) throws IOException {
    ScoringOptions options = new ScoringOptions(scoring, 5, 0.3);
    List<PromptTemplate> templates = List.of(PromptTemplate.DEFAULT, PromptTemplate.parse("{} of a patient"));
    ClassVectors classes = ClassVectors.encode(
        (prompts, detail) -> prompts.stream().map(prompt -> encode(prompt, detail)).toList(), tokenizer::encode, LABELS, templates,
        scoring.usesConcepts());
    Classifier classifier = clip.classifier(LABELS, templates, options);
    assertEquals(LABELS, classifier.labels());
    assertEquals(List.of(), classifier.truncated());
    List<Path> images = examples();
    List<Classification> all = classifier.classify(images);
    for (int i = 0; i < images.size(); i++) {
      Encoding scores = encoder.scoreImages(
          List.of(image(images.get(i))), classes.textFeatures(), classes.concepts(), options.topK(), nanos -> {});
      double[] probabilities = options.probabilities(
          scores.globalLogits().toDoubleArray(), scoring.usesConcepts() ? scores.localLogits().toDoubleArray() : null);
      // Logits of the device are rounded to float32, at a scale of about 100: 4e-6 each.
      double tolerance = scoring == Scoring.GLOBAL ? 1e-5 : 0;
      assertArrayEquals(probabilities, inOrder(all.get(i)), tolerance, images.get(i).toString());
      assertEquals(all.get(i), classifier.classify(images.get(i)));
      assertEquals(all.get(i), classifier.classify(Files.readAllBytes(images.get(i))));
      assertEquals(all.get(i), classifier.submit(new ImageInput.File(images.get(i)), RequestOptions.DEFAULT).join());
    }
  }

  @Test
  void classificationsAreRanked() {
    Classification classes = clip.classify(MRI, LABELS);
    assertEquals("brain MRI", classes.best().label());
    assertEquals(new TreeSet<>(LABELS), new TreeSet<>(classes.asMap().keySet()));
    List<Double> ranked = new ArrayList<>(classes.asMap().values());
    assertTrue(ranked.get(0) >= ranked.get(1) && ranked.get(1) >= ranked.get(2), ranked.toString());
    assertEquals(1, ranked.stream().mapToDouble(Double::doubleValue).sum(), 1e-12);
    assertEquals(ranked.get(0), classes.probability("brain MRI"));
    assertThrows(IllegalArgumentException.class, () -> classes.probability("bread"));
    assertThrows(BadInputException.class, () -> clip.classify(MRI, List.of()));
  }

  @Test
  void similarityIsACosine() {
    float[] image = clip.embedImage(MRI);
    float[] text = clip.embedText("brain MRI");
    assertEquals(1, ConceptClip.similarity(image, image), 1e-6);
    assertEquals(ConceptClip.similarity(image, text), clip.similarity(MRI, "brain MRI"));
    assertThrows(IllegalArgumentException.class, () -> ConceptClip.similarity(image, new float[2]));
  }

  @Test
  void aBadFileOfAListEndsTheCallAndIsNamed() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.png"), "no image");
    Path absent = folder.resolve("absent.png");
    String message = assertThrows(BadInputException.class, () -> clip.embedImages(List.of(XRAY, bad, MRI))).getMessage();
    assertTrue(message.startsWith(bad + ": "), message);
    assertTrue(assertThrows(BadInputException.class, () -> clip.embedImage(absent)).getMessage().startsWith(absent + ": "));
    assertTrue(assertThrows(BadInputException.class, () -> clip.classifier(LABELS).classify(List.of(bad))).getMessage().contains(bad.toString()));
    assertInstanceOf(BadInputException.class, clip.submitImage(bad).handle((vector, failure) -> failure).join());

    try (Stream<Outcome<Path, float[]>> outcomes = clip.embedImages(Stream.of(XRAY, bad, MRI))) {
      List<Outcome<Path, float[]>> all = outcomes.toList();
      assertArrayEquals(clip.embedImage(XRAY), all.get(0).orThrow());
      assertInstanceOf(BadInputException.class, all.get(1).failureOrNull());
      assertArrayEquals(clip.embedImage(MRI), all.get(2).orThrow());
    }
  }

  @Test
  void anEndlessStreamIsReadAsItIsTaken() {
    try (Stream<Outcome<Integer, float[]>> outcomes = clip.embedImages(
        Stream.iterate(0, i -> i + 1), i -> new ImageInput.File(i % 2 == 0 ? XRAY : MRI), RequestOptions.DEFAULT)) {
      List<Outcome<Integer, float[]>> some = outcomes.limit(100).toList();
      assertEquals(IntStream.range(0, 100).boxed().toList(), some.stream().map(Outcome::input).toList());
      assertArrayEquals(clip.embedImage(MRI), some.get(99).orThrow());
    }
  }

  /** Megabytes of text cost what their tokens cost, and so keep their timeout. */
  @Test
  void textsOfMegabytesAreCut() {
    String words = "opacity in the left lower lobe ".repeat(4_000_000 / 31);
    float[] cut = clip.embedText(words.substring(0, 3100));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertArrayEquals(cut, clip.embedText(words, RequestOptions.DEFAULT.withTimeout(Duration.ofSeconds(2))));
    long bytes = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(bytes < 1_000_000, bytes + " bytes for a text of " + words.length() + " characters");
    for (float[] vector : clip.embedTexts(Collections.nCopies(300, words))) {
      assertArrayEquals(cut, vector);
    }
    List<PromptTemplate> templates = IntStream.range(0, 40).mapToObj(i -> PromptTemplate.parse(i + " image of {}")).toList();
    Classifier classifier = clip.classifier(List.of(words, "brain MRI"), templates, ScoringOptions.of(Scoring.GLOBAL));
    assertEquals(List.of(words.strip()), classifier.truncated());
  }

  @Test
  void modelsStandSideBySide() {
    try (ConceptClip tiny = ConceptClip.open(quiet().model("synthetic:tiny").backend("reference").build());
        ConceptClip second = ConceptClip.open(quiet().backend("cpu").replicas(2).build())) {
      assertEquals(144, tiny.embedImage(XRAY).length);
      String refusal = assertThrows(BadInputException.class, () -> tiny.embedText("brain MRI")).getMessage();
      assertTrue(refusal.contains("no tokenizer"), refusal);
      // Replicas have half of the cores each, and give the same bits.
      for (float[] vector : second.embedImages(IntStream.range(0, 40).mapToObj(i -> XRAY).toList())) {
        assertArrayEquals(clip.embedImage(XRAY), vector);
      }
      assertTrue(second.description().contains("2 replicas"), second.description());
    }
    assertTrue(clip.stageReport().row(Stage.DECODE).items() > 0);
  }

  static ConceptClipOptions.Builder quiet() {
    return ConceptClipOptions.builder().notices(notice -> { });
  }

  static List<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("examples"))) {
      List<Path> images = files.filter(file -> !file.toString().endsWith(".md")).sorted().toList();
      assertFalse(images.isEmpty());
      return images;
    }
  }

  private static double[] inOrder(Classification classes) {
    assertEquals(Set.copyOf(LABELS), classes.asMap().keySet());
    return LABELS.stream().mapToDouble(classes::probability).toArray();
  }

  private static float[] flat(float[][] rows) {
    float[] all = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, all, i * rows[0].length, rows[0].length);
    }
    return all;
  }

  private static HostTensor image(Path file) {
    return Preprocessor.toPixels(new ImageDecoder(DecodeLimits.DEFAULT).decode(file), clip.imageSize());
  }

  private static Encoding encode(Path file, Detail detail) {
    int size = clip.imageSize();
    return encoder.encodeImages(image(file).reshape(1, size, size, 3), detail);
  }

  private static Encoding encode(String text, Detail detail) {
    return encode(tokenizer.encode(text), detail);
  }

  private static Encoding encode(TokenizedText tokens, Detail detail) {
    return encoder.encodeTexts(TokenBatch.packed(List.of(tokens.ids())), detail);
  }
}
