package org.conceptclip.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.zip.CRC32;
import org.conceptclip.ClassProbability;
import org.conceptclip.Classification;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.backend.cuda.driver.nvidia.CudaLibraries;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.task.Scoring;
import org.conceptclip.task.ScoringOptions;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;


/** {@code classify}: the demo model's answers, and every input that it has to refuse. */
class ClassifyCommandTest {
  private static final Path EXAMPLES = Path.of("examples");
  private static final Path GOOD = EXAMPLES.resolve("brain-mri-tumour.png");

  /**
   * The expected probabilities were computed by PyTorch in float64 from the same float16 weights; what differs is the order of
   * float64 sums. Printed with 17 digits.
   */
  private static final double FLOAT64_TOLERANCE = 1e-9;

  /**
   * The float32 limit of docs/parity.md lets a feature element err by 1e-5 of its root mean square, 1 / 12 for a unit vector of
   * 144; so a cosine by 1e-5, a logit by 1.2e-4 at a scale of exp(2.447), and a probability by half of a logit's error.
   */
  private static final double FLOAT32_TOLERANCE = 6e-5;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"reference,global", "reference,local", "reference,ensemble", "cpu,global", "cpu,local", "cpu,ensemble"})
  void demoAnswersAreThoseOfPyTorch(String backend, String scoring) throws IOException {
    double tolerance = backend.equals("cpu") ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
    JsonObject expected = expected();
    List<JsonElement> images = expected.getAsJsonArray("images").asList();
    Object[] files = images.stream()
        .map(image -> EXAMPLES.resolve(image.getAsJsonObject().get("image").getAsString()))
        .toArray();
    CliRun run = CliRun.of(CliRun.join(
        new Object[] {"classify", "--backend", backend, "--scoring", scoring, "--json"}, files)).ended(0);
    assertEquals(images.size(), run.outLines().size());
    for (int i = 0; i < files.length; i++) {
      JsonObject found = JsonParser.parseString(run.outLines().get(i)).getAsJsonObject();
      assertEquals(List.of("image", "probabilities", "model", "backend"), List.copyOf(found.keySet()));
      assertEquals(files[i].toString(), found.get("image").getAsString());
      assertEquals("demo", found.get("model").getAsString());
      assertEquals(backend, found.get("backend").getAsString());
      JsonObject wanted = images.get(i).getAsJsonObject().getAsJsonObject("probabilities").getAsJsonObject(scoring);
      JsonObject got = found.getAsJsonObject("probabilities");
      assertEquals(List.copyOf(wanted.keySet()), List.copyOf(got.keySet()));
      for (String label : wanted.keySet()) {
        assertEquals(wanted.get(label).getAsDouble(), got.get(label).getAsDouble(), tolerance, files[i] + " " + label);
      }
    }
  }

  @Test
  void aTableNamesTheBestLabelOfEachImage() {
    CliRun run = CliRun.of("classify", "--backend", "reference", GOOD, EXAMPLES.resolve("ultrasound-cyst.png")).ended(0);
    assertEquals(3, run.outLines().size(), run.out());
    assertTrue(run.outLines().get(1).matches(".*brain-mri-tumour.png +brain MRI +9\\d\\.\\d\\d % .*"), run.out());
    assertTrue(run.outLines().get(2).matches(".*ultrasound-cyst.png +ultrasound +9\\d\\.\\d\\d % .*"), run.out());
    assertTrue(run.err().contains("demo model") && run.err().contains("no medicine"), run.err());
  }

  @Test
  void labelsMayComeFromAFile() throws IOException {
    Path labels = folder.resolve("labels.txt");
    Files.writeString(labels, "brain MRI\n\nskin, lesion\n");
    CliRun run = classify(GOOD, "--labels", "@" + labels, "--json").ended(0);
    assertTrue(run.out().contains("\"skin, lesion\":"), run.out());
  }

  @Test
  void labelsAreWhatWasTyped() throws IOException {
    Path labels = Files.writeString(folder.resolve("labels.txt"), "\ufeffchest X-ray\r\nbrain MRI\r\n");
    JsonObject marked = JsonParser.parseString(classify(GOOD, "--labels", "@" + labels, "--json").ended(0).out()).getAsJsonObject();
    assertEquals(List.of("chest X-ray", "brain MRI"), List.copyOf(marked.getAsJsonObject("probabilities").keySet()));
    String quoted = classify(GOOD, "--labels", "chest X-ray,\"effusion, small\",brain MRI", "--json").ended(0).out();
    assertEquals(List.of("chest X-ray", "effusion, small", "brain MRI"),
        List.copyOf(JsonParser.parseString(quoted).getAsJsonObject().getAsJsonObject("probabilities").keySet()));
    classify(GOOD, "--labels", "\"a,b").ended(3).refused("quote does not end");
  }

  @Test
  void picturesComeFromStdinFoldersPatternsAndLists() throws IOException {
    byte[] png = Files.readAllBytes(GOOD);
    for (String name : List.of("b.png", "a.png", "sub/c.png")) {
      Files.createDirectories(folder.resolve(name).getParent());
      Files.write(folder.resolve(name), png);
    }
    assertEquals(List.of("-"), images(CliRun.fed(png, "classify", "-", "--backend", "reference", "--json").ended(0)));
    assertEquals(List.of("a.png", "b.png"), images(classify(folder, "--json").ended(0)));
    assertEquals(List.of("a.png", "b.png", "sub/c.png"), images(classify(folder, "-r", "--json").ended(0)));
    assertEquals(List.of("a.png", "b.png"), images(classify(folder.resolve("*.png"), "--json").ended(0)));
    byte[] list = (folder.resolve("b.png") + "\0" + folder.resolve("absent.png") + "\0").getBytes(StandardCharsets.UTF_8);
    CliRun listed = CliRun.fed(list, "classify", "--images-from", "-", "--backend", "reference", "--json").ended(5);
    assertEquals(List.of("b.png"), images(listed));
    assertTrue(listed.err().contains("absent.png: no such file") && listed.err().contains("1 of 2 images"), listed.err());
    CliRun.fed(new byte[0], "classify", "--images-from", "-", "--backend", "reference").ended(3).said("no image was named");
    CliRun.fed(new byte[0], "classify", "-", "--backend", "reference").ended(3).said("-: empty (0 bytes)");
    CliRun.fed(png, "classify", "-", "--labels", "@-", "--backend", "reference").ended(3);
  }

  private List<String> images(CliRun run) {
    return run.outLines().stream().map(line -> Path.of(JsonParser.parseString(line).getAsJsonObject().get("image").getAsString()))
        .map(path -> path.startsWith(folder) ? folder.relativize(path).toString() : path.toString()).toList();
  }

  @Test
  void aRowOfATableIsThereAsSoonAsItIsKnown() {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    Classifications rows = new TableClassifications(Results.to(new BufferedOutputStream(read)), List.of("x", "y"), false);
    rows.expect("1.png");
    rows.expect("second.png");
    Classification one = new Classification(List.of(new ClassProbability("y", 0.75), new ClassProbability("x", 0.25)));
    rows.add("1.png", one);
    assertEquals("""
        image       best label  probability                        next
        1.png       y            75.00 %     ███████████████       x 25.00 %
        """, read.toString(StandardCharsets.UTF_8));
    rows.add("second.png", one);
    assertEquals(3, read.toString(StandardCharsets.UTF_8).lines().count());
    // The name of a file may hold a terminal's commands.
    rows.add("\u001b[2J\n.png", one);
    String last = read.toString(StandardCharsets.UTF_8).lines().toList().getLast();
    assertTrue(last.startsWith("?[2J .png"), last);
  }

  @Test
  void whatIsWrongWithAPictureCostsThatPictureOnly() {
    ImageInput image = new ImageInput.File(GOOD);
    for (Throwable failure : List.of(new OutOfMemoryError("Java heap space"), new CompletionException(new OutOfMemoryError()))) {
      String line = ImageReport.failureOrNull(image, failure);
      assertTrue(line.startsWith(GOOD + ": out of memory with a heap of "), line);
      assertTrue(line.contains("-Xmx") && line.contains("--max-pixels"), line);
    }
    assertEquals("x.png: text", ImageReport.failureOrNull(image, new BadInputException("x.png: text")));
    assertEquals(null, ImageReport.failureOrNull(image, new IllegalStateException("a defect")));
  }

  @ParameterizedTest
  @CsvSource({"reference,GLOBAL", "cpu,GLOBAL", "cpu,LOCAL", "cpu,ENSEMBLE"})
  void probabilitiesAreThoseOfTheLibraryBitForBit(String backend, Scoring scoring) {
    List<String> labels = List.of("skin lesion", "brain MRI", "chest X-ray");
    List<Path> images = List.of(GOOD, EXAMPLES.resolve("ultrasound-cyst.png"), EXAMPLES.resolve("skin-lesion-nevus.jpg"));
    CliRun run = CliRun.of(CliRun.join(new Object[] {"classify", "--backend", backend, "--json", "--labels", String.join(",", labels),
        "--template", "a photo of {}", "--template", "{} of a patient", "--scoring", scoring, "--top-k", 5, "--alpha", 0.3},
        images.toArray())).ended(0);
    List<JsonObject> found = run.outLines().stream().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    assertEquals(images.stream().map(Path::toString).toList(), found.stream().map(line -> line.get("image").getAsString()).toList());
    try (ConceptClip clip = ConceptClip.open(ConceptClipOptions.builder().backend(backend).notices(notice -> {}).build())) {
      List<PromptTemplate> templates = List.of(PromptTemplate.parse("a photo of {}"), PromptTemplate.parse("{} of a patient"));
      List<Classification> expected = clip.classifier(labels, templates, new ScoringOptions(scoring, 5, 0.3)).classify(images);
      for (int i = 0; i < images.size(); i++) {
        JsonObject probabilities = found.get(i).getAsJsonObject("probabilities");
        assertEquals(labels, List.copyOf(probabilities.keySet()));
        for (String label : labels) {
          assertEquals(expected.get(i).probability(label), probabilities.get(label).getAsDouble(), images.get(i) + " " + label);
        }
      }
    }
  }

  @Test
  void everyTemplateCounts() {
    String one = classify(GOOD, "--template", "a photo of {}", "--json").ended(0).out();
    String two = classify(GOOD, "--template", "a photo of {}", "--template", "{} of a patient", "--json").ended(0).out();
    String again = classify(GOOD, "--template", "a photo of {}", "--template", "a photo of {}", "--json").ended(0).out();
    assertNotEquals(one, two);
    assertEquals(probability(one, "brain MRI"), probability(again, "brain MRI"), 1e-12);
  }

  private static double probability(String line, String label) {
    return JsonParser.parseString(line).getAsJsonObject().getAsJsonObject("probabilities").get(label).getAsDouble();
  }

  @Test
  void aJsonRowIsThereAsSoonAsItIsKnown() {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    Classifications rows = new JsonClassifications(Results.to(new BufferedOutputStream(read)), "m", "b", List.of("x", "y"));
    rows.add("1.png", new Classification(List.of(new ClassProbability("y", 0.75), new ClassProbability("x", 0.25))));
    assertEquals("{\"image\":\"1.png\",\"probabilities\":{\"x\":0.25,\"y\":0.75},\"model\":\"m\",\"backend\":\"b\"}\n",
        read.toString(StandardCharsets.UTF_8));
  }

  @Test
  void goodImagesAreAnsweredAndBadOnesListed() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.png"), "not an image");
    CliRun run = CliRun.of(
        "classify", "--backend", "reference", "--json", text, GOOD, folder.resolve("absent.png"),
        Files.createDirectory(folder.resolve("empty"))).ended(5);
    assertEquals(1, run.outLines().size());
    assertTrue(run.out().contains("brain-mri-tumour.png"));
    assertTrue(run.err().contains("notes.png: found text"), run.err());
    assertTrue(run.err().contains("absent.png: no such file"), run.err());
    assertTrue(run.err().contains("empty: is a directory without pictures"), run.err());
    assertTrue(run.err().contains("3 of 4 images"), run.err());
  }

  @Test
  void imagesThatCannotBeUsedAreRefused() throws IOException {
    byte[] png = Files.readAllBytes(GOOD);
    classify(folder.resolve("absent.png")).ended(3).refused("absent.png", "no such file", "expected");
    classify(folder).ended(3).refused(folder.toString(), "is a directory", "expected");
    classify(file("zero.png", new byte[0])).ended(3).refused("zero.png", "0 bytes", "expected");
    classify(file("words.jpg", "hello".getBytes(StandardCharsets.UTF_8))).ended(3).refused("words.jpg", "found", "expected");
    classify(file("half.png", Arrays.copyOf(png, png.length / 2))).ended(3).refused("half.png", "expected");
    classify(file("bomb.png", pngHeader(30000, 30000))).ended(3).refused("bomb.png", "900000000", "178956970");
    classify(GOOD, "--max-pixels", "1000").ended(3).refused("brain-mri-tumour.png", "1000");
    classify(GOOD, "--decode-memory", "64k").ended(3).refused("brain-mri-tumour.png", "bytes", "--decode-memory");
    classify(GOOD, "--decode-seconds", "0.000000001").ended(3).refused("brain-mri-tumour.png", "longer than", "--decode-seconds");
    classify(GOOD, "--decode-memory", "1G", "--decode-seconds", "1e30").ended(0);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
    "'' | is empty",
    "a,,b | label 2 of 3 is empty",
    "'a, ' | label 2 of 2 is empty",
    "a,b,a | \"a\" appears twice",
    "@/nonexistent/labels.txt | no such file",
  })
  void labelsThatCannotBeUsedAreRefused(String labels, String words) {
    classify(GOOD, "--labels", labels).ended(3).refused(words, "expected");
  }

  @Test
  void templatesThatCannotBeUsedAreRefused() {
    classify(GOOD, "--template", "a medical image").ended(3).refused("a medical image", "found no {}", "expected exactly one");
    classify(GOOD, "--template", "{} and {}").ended(3).refused("more than one {}");
  }

  @Test
  void veryLongTextsAreCutAndItIsSaid() {
    String novel = "the patient presents with " + "pain ".repeat(20_000);
    CliRun run = classify(GOOD, "--labels", novel + ",brain MRI", "--json").ended(0);
    assertEquals(1, run.outLines().size());
    assertTrue(run.err().contains("its prompt was cut to 77 tokens"), run.err().substring(0, Math.min(500, run.err().length())));
    assertTrue(run.err().length() < 2000, "the whole text must not be repeated");
  }

  @Test
  void aLabelBehindTheCutIsRefused() {
    classify(GOOD, "--labels", "a,b", "--template", "word ".repeat(100) + "{}").ended(3).refused("\"a\"", "no token of it", "cut");
  }

  @Test
  void modelsThatCannotBeUsedAreRefused() throws IOException {
    classify(GOOD, "--labels", "a,b", "--model", folder.resolve("absent")).ended(3).refused("absent", "no such folder", "expected");
    classify(GOOD, "--labels", "a,b", "--model", folder).ended(3).refused(folder.toString(), "config.json", "expected");
    Files.copy(Path.of("src/core/src/test/resources/golden/tiny/config.json"), folder.resolve("config.json"));
    classify(GOOD, "--labels", "a,b", "--model", folder).ended(3).refused(folder.toString(), "no checkpoint", "expected");
    classify(GOOD, "--labels", "a,b", "--model", "src/core/src/test/resources/golden/tiny").ended(3).refused("tokenizer", "expected");
    classify(GOOD, "--labels", "a,b", "--model", "synthetic:huge").ended(3).refused("synthetic:huge", "expected");
    classify(GOOD, "--labels", "a,b", "--model", "synthetic:tiny").ended(3).refused("synthetic:tiny", "tokenizer");
  }

  @ParameterizedTest
  @CsvSource({
    "--top-k, 0", "--top-k, many", "--alpha, 1.5", "--alpha, NaN", "--scoring, best", "--max-pixels, 0", "--max-tokens, 2",
    "--decode-seconds, 0", "--decode-seconds, -1", "--decode-seconds, soon", "--decode-memory, 4095",
    "--decode-memory, 1x", "--decode-memory, 2t2",
    "--max-tokens, 78", "--threads, -1", "--precision, fp7", "--precision, bf16", "--backend, abacus",
  })
  void optionsOutOfRangeAreWrongUsage(String option, String value) {
    CliRun run = classify(GOOD, option, value).ended(2);
    assertTrue(run.err().contains(option), run.err());
    assertTrue(run.err().contains(value), run.err());
    assertEquals("", run.out());
  }

  @Test
  void wrongUsageSaysHowToGoOn() {
    assertTrue(CliRun.of("classify").ended(2).err().contains("IMAGE"));
    assertTrue(CliRun.of("clasify", GOOD).ended(2).err().contains("clasify"));
    assertTrue(CliRun.of().ended(2).err().contains("which command?"));
    assertTrue(CliRun.of("classify", GOOD, "--labels", "a,b", "--model", "synthetic:tiny", "--bogus").ended(2).err().contains("--bogus"));
    assertTrue(CliRun.of("classify", GOOD, "--model", "src/core/src/test/resources/golden/tiny").ended(2).err().contains("--labels"));
    assertTrue(CliRun.of("--help").ended(0).out().contains("classify"));
    assertTrue(CliRun.of("classify", "--help").ended(0).out().contains("--top-k"));
  }

  @Test
  void aBackendThatCannotStartIsSaidSo() {
    String absence = CudaLibraries.find(Optional.empty()).absence().orElse(null);
    assumeTrue(absence != null, "CUDA is here");
    CliRun.of("classify", GOOD, "--backend", "cuda").ended(4).refused("CUDA: " + absence);
    assertTrue(CliRun.of("classify", GOOD).ended(0).err().contains("; not cuda: CUDA: " + absence));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cuda", "emulated"})
  void aPrecisionThatABackendHasNotIsRefused(String backend) {
    CliRun.of("classify", GOOD, "--backend", backend, "--precision", "fp32").ended(2).refused("--precision fp32", "fp16 and fp8 only");
  }

  @Test
  void anAskedPrecisionKeepsAutoOnTheCpu() {
    String err = CliRun.of("classify", GOOD, "--precision", "fp32").ended(0).err();
    assertTrue(err.contains("backend cpu: "), err);
    assertTrue(err.contains("not cuda: precision fp32: the cuda backend computes in fp16 and fp8 only"), err);
  }

  @Test
  void debugShowsWhereAnErrorCameFrom() {
    assertTrue(classify(folder.resolve("absent.png"), "--debug").ended(3).err().contains("\tat org.conceptclip"));
  }

  private static CliRun classify(Path image, Object... options) {
    return CliRun.of(CliRun.join(
        CliRun.join(new Object[] {"classify", image}, options), hasBackend(options) ? new Object[0] : new Object[] {"--backend", "reference"}));
  }

  private static boolean hasBackend(Object... options) {
    return Arrays.asList(options).contains("--backend");
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }

  /** A PNG file that ends after its header, which announces so many pixels. */
  private static byte[] pngHeader(int width, int height) throws IOException {
    ByteArrayOutputStream chunk = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(chunk);
    fields.writeBytes("IHDR");
    fields.writeInt(width);
    fields.writeInt(height);
    fields.write(new byte[] {8, 2, 0, 0, 0});
    CRC32 crc = new CRC32();
    crc.update(chunk.toByteArray());
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(file);
    out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    out.writeInt(13);
    out.write(chunk.toByteArray());
    out.writeInt((int) crc.getValue());
    out.writeInt(0);
    out.writeBytes("IDAT");
    out.writeInt(0x35af061e);
    return file.toByteArray();
  }

  private static JsonObject expected() throws IOException {
    try (Reader reader = new InputStreamReader(
        ClassifyCommandTest.class.getResourceAsStream("/demo/expected.json"), StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader).getAsJsonObject();
    }
  }
}
