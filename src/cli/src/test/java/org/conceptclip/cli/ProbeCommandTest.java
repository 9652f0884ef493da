package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.data.Npy;
import org.conceptclip.probe.ClassLabels;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code probe train} and {@code probe apply}: on features, on the shipped examples, and on every input that they have to refuse. */
class ProbeCommandTest {
  private static final Path EXAMPLES = Path.of("examples");
  private static final int ITEMS = 90;

  @TempDir Path folder;

  private Path features;
  private Path labels;
  private Path probe;

  @BeforeEach
  void writeThreeClusters() throws IOException {
    Random random = new Random(4);
    float[] values = new float[ITEMS * 5];
    List<String> lines = new ArrayList<>(List.of("label"));
    for (int i = 0; i < ITEMS; i++) {
      lines.add(List.of("normal", "\"effusion, large\"", "µ").get(i % 3));
      for (int j = 0; j < 5; j++) {
        values[i * 5 + j] = (float) random.nextGaussian() + (j == i % 3 ? 3 : 0);
      }
    }
    features = npy("f.npy", HostTensor.of(values, ITEMS, 5));
    labels = Files.write(folder.resolve("l.csv"), lines);
    probe = folder.resolve("p.safetensors");
  }

  private Path npy(String name, HostTensor tensor) {
    Path file = folder.resolve(name);
    Npy.write(file, tensor);
    return file;
  }

  private CliRun train(Object... more) {
    return CliRun.of(CliRun.join(new Object[] {"probe", "train", "--features", features, "--labels", labels, "--out", probe}, more));
  }

  private CliRun apply(Object... more) {
    return CliRun.of(CliRun.join(new Object[] {"probe", "apply", "--probe", probe}, more));
  }

  @Test
  void aProbeOfFeaturesIsTrainedByCrossValidationAndApplied() throws IOException {
    CliRun trained = train().ended(0);
    assertTrue(trained.out().startsWith("90 items of 5 features, 3 classes\n"), trained.out());
    assertTrue(trained.out().contains("normal                 30\n") && trained.out().contains("   chosen\n"), trained.out());
    assertTrue(trained.out().contains("unknown (features from a file)") && trained.out().contains("Not a medical device."), trained.out());
    byte[] bytes = Files.readAllBytes(probe);
    train().ended(0);
    assertArrayEquals(bytes, Files.readAllBytes(probe), "the same training makes the same file");
    CliRun run = apply("--features", features, "--json").ended(0);
    assertEquals(ITEMS, run.outLines().size());
    int right = 0;
    for (int i = 0; i < ITEMS; i++) {
      JsonObject line = JsonParser.parseString(run.outLines().get(i)).getAsJsonObject();
      assertEquals(List.of("item", "label", "probabilities"), List.copyOf(line.keySet()));
      assertEquals(i, line.get("item").getAsInt());
      Map<String, JsonElement> probabilities = line.getAsJsonObject("probabilities").asMap();
      assertEquals(List.of("effusion, large", "normal", "µ"), List.copyOf(probabilities.keySet()), "sorted");
      assertEquals(1, probabilities.values().stream().mapToDouble(JsonElement::getAsDouble).sum(), 1e-12);
      String best = probabilities.entrySet().stream().max((a, b) -> Double.compare(a.getValue().getAsDouble(), b.getValue().getAsDouble()))
          .orElseThrow().getKey();
      assertEquals(best, line.get("label").getAsString());
      right += best.equals(List.of("normal", "effusion, large", "µ").get(i % 3)) ? 1 : 0;
    }
    assertTrue(right > 80, right + " of 90 right");
    String said = String.format(Locale.ROOT, "training accuracy  %.2f %%", 100.0 * right / ITEMS);
    assertTrue(trained.out().contains(said), "the same count: " + said);
    Path csv = folder.resolve("out.csv");
    CliRun table = apply("--features", features, "--out", csv).ended(0).said("not a medical device");
    assertEquals(ITEMS + 1, table.outLines().size());
    assertTrue(table.outLines().get(1).matches("0 +\\S.* +\\d+\\.\\d\\d %"), table.out());
    assertEquals("item,label,\"effusion, large\",normal,µ", Files.readAllLines(csv).getFirst());
    assertEquals(ITEMS + 1, Files.readAllLines(csv).size());
  }

  @Test
  void trainingIsTold() throws IOException {
    JsonObject json = object(train("--json", "--c", "0.316", "--class-weight", "balanced"));
    assertEquals(0.316, json.get("c").getAsDouble());
    assertEquals(30, json.getAsJsonObject("classes").get("effusion, large").getAsInt());
    assertTrue(json.get("converged").getAsBoolean() && json.get("gradient").getAsDouble() <= 1e-8, json.toString());
    assertFalse(json.has("cross_validation"));
    json = object(train("--json", "--grid", "0.1,1", "--folds", "3", "--choose-by", "accuracy"));
    JsonArray entries = json.getAsJsonArray("cross_validation");
    assertEquals(2, entries.size());
    Map<String, String> facts = metadata();
    assertEquals("linear-probe", facts.get("kind"));
    assertEquals("[\"effusion, large\",\"normal\",\"µ\"]", facts.get("classes"));
    assertEquals("90", facts.get("items"));
    assertEquals("3", facts.get("folds"));
    assertEquals("For research. Not a medical device.", facts.get("notice"));
    train("--c", "1", "--max-iterations", "2").ended(0).said("ended before it converged");
    assertEquals("false", metadata().get("converged"));
    train("--c", "1", "--fraction", "10").ended(0);
    assertEquals("9", metadata().get("items"));
    train("--c", "1", "--standardize").ended(0);
    assertEquals("true", metadata().get("standardized"));
    apply("--features", features).ended(0);
  }

  private static JsonObject object(CliRun run) {
    return JsonParser.parseString(run.ended(0).out()).getAsJsonObject();
  }

  private Map<String, String> metadata() {
    try (SafetensorsFile file = SafetensorsFile.open(probe)) {
      return file.metadata();
    }
  }

  @Test
  void aFractionMayLoseClasses() throws IOException {
    List<String> lines = new ArrayList<>(List.of("label"));
    int[] drawn = ClassLabels.fraction(ITEMS, 20);
    int rare = IntStream.range(0, ITEMS).filter(i -> IntStream.of(drawn).noneMatch(item -> item == i)).findFirst().orElseThrow();
    IntStream.range(0, ITEMS).forEach(i -> lines.add(i == rare ? "rare" : i % 2 == 0 ? "a" : "b"));
    Files.write(labels, lines);
    train("--c", "1", "--fraction", "20").ended(0).said("1 of 3 classes have no item in this fraction");
    train("--c", "1", "--fraction", "1").ended(3).refused("--fraction: 1 % of 90 items is none");
    train().ended(3).refused("class \"rare\" has 1 item", "--c VALUE");
  }

  @Test
  void badFeaturesAndLabelsAreRefusedInOneLine() throws IOException {
    Path short_ = Files.write(folder.resolve("short.csv"), List.of("label", "a", "b"));
    labelled(short_).ended(3).refused("f.npy: 90 rows of features", "short.csv has 2 labels");
    labelled(Files.write(folder.resolve("h.csv"), List.of("class", "a"))).ended(3).refused("h.csv: --label-column \"label\"", "class");
    labelled(Files.write(folder.resolve("e.csv"), Stream.concat(Stream.of("label,x", "a,1", ",2"), Stream.of("b,1")).toList())).ended(3)
        .refused("e.csv, row 2", "\"label\" is empty");
    List<String> one = new ArrayList<>(List.of("label"));
    IntStream.range(0, ITEMS).forEach(i -> one.add("same"));
    labelled(Files.write(folder.resolve("one.csv"), one)).ended(3).refused("one.csv: one class only, \"same\"");
    labelled(folder.resolve("absent.csv")).ended(3).refused("absent.csv", "no such file");
    float[] values = new float[ITEMS * 2];
    values[7] = Float.NaN;
    featured(npy("nan.npy", HostTensor.of(values, ITEMS, 2))).ended(3).refused("nan.npy: row 3, column 1", "NaN");
    featured(npy("flat.npy", HostTensor.of(new float[ITEMS], ITEMS))).ended(3).refused("flat.npy: shape [90]");
    featured(Files.writeString(folder.resolve("text.npy"), "no array")).ended(3).refused("text.npy", ".npy file");
    train("--folds", "200").ended(3).refused("90 items in 200 folds");
    assertFalse(Files.exists(probe), "nothing was written");
  }

  private CliRun labelled(Path table) {
    return CliRun.of("probe", "train", "--features", features, "--labels", table, "--out", probe);
  }

  private CliRun featured(Path file) {
    return CliRun.of("probe", "train", "--features", file, "--labels", labels, "--out", probe);
  }

  @Test
  void wrongOptionsAreUsage() {
    for (Object[] wrong : new Object[][] {{"--c", "0"}, {"--c", "-1"}, {"--grid", "1,NaN"}, {"--folds", "1"}, {"--fraction", "0"},
        {"--fraction", "101"}, {"--tolerance", "0"}, {"--max-iterations", "0"}, {"--choose-by", "luck"}, {"--class-weight", "heavy"},
        {"--data", "x.csv"}, {"image.png"}}) {
      train(wrong).ended(2);
    }
    CliRun.of("probe", "train", "--labels", labels, "--out", probe).ended(2).said("missing: IMAGE");
    CliRun.of("probe", "train", "--features", features, "--out", probe).ended(2).said("missing: --labels");
    CliRun.of("probe", "train", "image.png", "--labels", labels, "--model-id", "x", "--out", probe).ended(2).said("--model-id");
    CliRun.of("probe").ended(2).said("train or apply");
    apply().ended(2);
  }

  @Test
  void aProbeOfOtherFeaturesIsRefused() throws IOException {
    apply("--features", features).ended(3).refused("p.safetensors");
    train("--c", "1", "--model-id", "ab12").ended(0);
    apply("--features", npy("wide.npy", HostTensor.of(new float[6], 1, 6))).ended(3).refused("wide.npy: 6 features an item, expected 5");
    apply("--features", features).ended(0);
    apply("--features", features, "--model-id", "ab12").ended(0);
    apply("--features", features, "--model-id", "cd34").ended(3).refused("cd34", "ab12", "--any-model");
    apply("--features", features, "--model-id", "cd34", "--any-model").ended(0).said("applied all the same");
    Files.writeString(folder.resolve("f.npy.json"), "{\"model\":\"ef56\",\"model_name\":\"other\"}");
    apply("--features", features).ended(3).refused("other (ef56)", "ab12");
    Files.writeString(folder.resolve("f.npy.json"), "{\"model\":");
    apply("--features", features).ended(3).refused("f.npy.json: cannot be read");
    Files.writeString(folder.resolve("f.npy.json"), "[]");
    apply("--features", features).ended(3).refused("f.npy.json: expected an object");
    Files.writeString(probe, "no probe");
    Files.delete(folder.resolve("f.npy.json"));
    apply("--features", features).ended(3).refused("p.safetensors");
  }

  @Test
  void imagesAreEmbeddedOnceAndClassifiedByWhatTheyWereTrainedOn() throws IOException {
    SequencedMap<String, String> known = kinds();
    Path table = folder.resolve("t.csv");
    Files.write(table, Stream.concat(Stream.of("image,label"), known.entrySet().stream()
        .map(entry -> EXAMPLES.toAbsolutePath().resolve(entry.getKey()) + "," + entry.getValue())).toList());
    Path cache = folder.resolve("cache");
    CliRun first = CliRun.of("probe", "train", "--data", table, "--out", probe, "--c", "1000", "--cache", cache).ended(0);
    assertTrue(first.out().contains("12 items of 144 features, 8 classes"), first.out());
    assertTrue(first.out().contains("model              demo ("), first.out());
    assertTrue(first.err().contains("drawings"), first.err());
    assertFalse(first.err().contains("kept from earlier runs"), first.err());
    byte[] bytes = Files.readAllBytes(probe);
    CliRun.of("probe", "train", "--data", table, "--out", probe, "--c", "1000", "--cache", cache).ended(0)
        .said("features of 12 of 12 images were kept from earlier runs");
    assertArrayEquals(bytes, Files.readAllBytes(probe), "from the cache");
    CliRun.of("probe", "train", "--data", table, "--out", probe, "--c", "1000", "--no-cache").ended(0);
    assertArrayEquals(bytes, Files.readAllBytes(probe), "without a cache");
    Path renamed = Files.copy(EXAMPLES.resolve("brain-mri-tumour.png"), folder.resolve("renamed.png"));
    CliRun run = apply(EXAMPLES, renamed, "--json", "--cache", cache).ended(0).said("features of 13 of 13 images were kept");
    assertEquals(13, run.outLines().size());
    for (String line : run.outLines()) {
      JsonObject item = JsonParser.parseString(line).getAsJsonObject();
      String name = Path.of(item.get("item").getAsString()).getFileName().toString();
      assertEquals(known.getOrDefault(name, "brain MRI"), item.get("label").getAsString(), name);
    }
    CliRun listed = apply("--data", table, "--no-cache").ended(0);
    assertEquals(13, listed.outLines().size());
  }

  @Test
  void labelsOfNamedImagesComeFromATable() throws IOException {
    Path table = folder.resolve("l.csv");
    Path cyst = EXAMPLES.toAbsolutePath().resolve("ultrasound-cyst.png");
    Files.writeString(table, "image,label\nbrain-mri-tumour.png,mri\n" + cyst + ",us\n");
    CliRun run = CliRun.of("probe", "train", EXAMPLES.resolve("brain-mri-tumour.png"), EXAMPLES.resolve("ultrasound-cyst.png"),
        EXAMPLES.resolve("skin-lesion-nevus.jpg"), "--labels", table, "--out", probe, "--c", "1", "--no-cache").ended(5);
    run.said("skin-lesion-nevus.jpg: has no label in");
    assertEquals("2", metadata().get("items"));
    Files.writeString(table, "image,label\na.png,x\na.png,y\n");
    CliRun.of("probe", "train", EXAMPLES, "--labels", table, "--out", probe).ended(3)
        .refused("\"a.png\" has label \"x\"", "row 2", "\"y\"");
    Files.writeString(table, "label\nx\ny\n");
    CliRun.of("probe", "train", EXAMPLES, "--labels", table, "--out", probe).ended(3).refused("--image-column \"image\"");
  }

  @Test
  void aBadImageCostsItself() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.png"), "no picture");
    Path examples = EXAMPLES.toAbsolutePath();
    Path table = Files.write(folder.resolve("t.csv"), List.of("image,label", examples.resolve("ultrasound-cyst.png") + ",us",
        "bad.png,mri", examples.resolve("brain-mri-tumour.png") + ",mri", "absent.png,us"));
    CliRun trained = CliRun.of("probe", "train", "--data", table, "--out", probe, "--c", "1", "--no-cache").ended(5);
    trained.said("bad.png");
    trained.said("absent.png");
    assertEquals("2", metadata().get("items"));
    CliRun applied = apply(bad, EXAMPLES.resolve("ultrasound-cyst.png"), "--json", "--no-cache").ended(5);
    assertEquals(1, applied.outLines().size());
    assertTrue(applied.out().contains("\"label\":\"us\""), applied.out());
    apply(bad, "--no-cache").ended(3);
  }

  @Test
  void aProbeOfAnotherModelIsRefusedBeforeItsWeightsAreRead() throws IOException {
    train("--c", "1").ended(0);
    Path image = EXAMPLES.resolve("ultrasound-cyst.png");
    apply(image).ended(3).refused("p.safetensors: the model that it was trained with is unknown", "--any-model");
    train("--c", "1", "--model-id", "ab12").ended(0);
    apply(image).ended(3).refused("model demo (", "ab12", "--any-model");
    apply(image, "--any-model", "--no-cache").ended(3).said("expected 5 as in the training");
  }

  /** The shipped examples by the kind of picture. */
  private static SequencedMap<String, String> kinds() throws IOException {
    Map<String, String> kinds = Map.of("abdominal-ct", "abdominal CT", "blood-smear", "blood smear", "brain-mri", "brain MRI", "chest-xray",
        "chest X-ray", "fundus", "fundus photograph", "histology", "histology", "skin-lesion", "skin lesion", "ultrasound", "ultrasound");
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith("png") || name.endsWith("jpg")).sorted()
          .collect(Collectors.toMap(name -> name, name -> kinds.entrySet().stream().filter(kind -> name.startsWith(kind.getKey()))
              .findFirst().orElseThrow().getValue(), (one, other) -> one, LinkedHashMap::new));
    }
  }
}
