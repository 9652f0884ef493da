package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.conceptclip.data.Npy;
import org.conceptclip.data.TableFormat;
import org.conceptclip.data.TableReader;
import org.conceptclip.probe.BottleneckFile;
import org.conceptclip.probe.BottleneckLayer;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code bottleneck}: from labelled images, or similarities of anybody's, to pages; and every input that it has to refuse. */
class BottleneckCommandTest {
  private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();
  private static final String CONCEPTS = "brain,skin,lungs,retina,liver,blood cells,tissue,echoes,tumour,cyst";
  private static final String ATTACK = "</script><script>alert(1)</script>";

  /** Prints sums of at most ten terms with 17 digits. */
  private static final double TOLERANCE = 1e-12;

  @TempDir Path folder;
  private Path bottleneck;
  private Path table;

  @BeforeEach
  void table() throws IOException {
    bottleneck = folder.resolve("b.safetensors");
    table = folder.resolve("items.csv");
    List<String> lines = new ArrayList<>(List.of("image,label,site"));
    try (Stream<Path> examples = Files.list(EXAMPLES)) {
      examples.map(path -> path.getFileName().toString()).sorted()
          .forEach(name -> lines.add(folder.relativize(EXAMPLES) + "/" + name + "," + kind(name) + ",a"));
    }
    Files.write(table, lines);
  }

  /** The kind of picture by the name of the shipped example. */
  private static String kind(String name) {
    return name.substring(0, name.indexOf('-'));
  }

  private CliRun train(Object... more) {
    return CliRun.of(CliRun.join(new Object[] {"bottleneck", "train", "--out", bottleneck}, more));
  }

  private CliRun trainOnExamples(Object... more) {
    return train(CliRun.join(new Object[] {"--data", table, "--concepts", CONCEPTS, "--lambda", "0.01"}, more));
  }

  @ParameterizedTest
  @CsvSource({"local,nonnegative", "global,l1"})
  void exampleImagesAreLearnedAndRecognised(String similarity, String penalty) throws IOException {
    Path report = folder.resolve("report.html");
    CliRun trained = trainOnExamples("--similarity", similarity, "--penalty", penalty, "--report", report, "--json").ended(0);
    JsonObject result = JsonParser.parseString(trained.out()).getAsJsonObject();
    assertEquals(12, result.get("items").getAsInt());
    assertEquals("demo", result.get("model").getAsString());
    assertEquals(similarity.equals("local") ? 5 : 0, result.get("top_k").getAsInt());
    assertEquals(1.0, result.get("accuracy").getAsDouble());
    assertEquals(8, result.getAsJsonArray("classes").size());
    for (JsonElement one : result.getAsJsonArray("classes")) {
      boolean negative = one.getAsJsonObject().getAsJsonObject("weights").entrySet().stream().anyMatch(w -> w.getValue().getAsDouble() < 0);
      assertFalse(penalty.equals("nonnegative") && negative, one::toString);
    }
    String page = Files.readString(report);
    assertTrue(page.contains("For research. Not a medical device.") && page.contains("drawings") && page.contains("demo")
        && page.contains("12 images"));
    CliRun applied = CliRun.of("bottleneck", "apply", "--bottleneck", bottleneck, EXAMPLES, "--json").ended(0);
    assertEquals(12, applied.outLines().size());
    for (String line : applied.outLines()) {
      JsonObject found = JsonParser.parseString(line).getAsJsonObject();
      assertEquals(List.of("image", "label", "probabilities", "model"), List.copyOf(found.keySet()));
      assertEquals(kind(Path.of(found.get("image").getAsString()).getFileName().toString()), found.get("label").getAsString());
      double sum = found.getAsJsonObject("probabilities").entrySet().stream().mapToDouble(p -> p.getValue().getAsDouble()).sum();
      assertEquals(1, sum, TOLERANCE);
    }
  }

  @Test
  void crossValidationIsPrinted() {
    CliRun run = train("--data", table, "--concepts", CONCEPTS, "--folds", "2").ended(0);
    assertTrue(run.out().contains("(chosen)") && run.out().contains("held-out loss") && run.out().contains("taken"), run.out());
    assertTrue(run.out().contains("brain (2 items, ") && run.out().contains("For research. Not a medical device."), run.out());
    run.said("wrote " + bottleneck);
  }

  @Test
  void labelsOfNamedImagesComeFromATable() throws IOException {
    Object[] images = {EXAMPLES.resolve("brain-mri-tumour.png"), EXAMPLES.resolve("skin-lesion-nevus.jpg")};
    train(CliRun.join(images, "--labels", table, "--concepts", CONCEPTS, "--lambda", "0.1")).ended(0);
    byte[] first = Files.readAllBytes(bottleneck);
    train(CliRun.join(images, "--labels", table, "--concepts", CONCEPTS, "--lambda", "0.1")).ended(0);
    assertEquals(Files.size(bottleneck), first.length);
    assertEquals(-1, Arrays.mismatch(first, Files.readAllBytes(bottleneck)), "the same training makes the same file");
  }

  @Test
  void explanationsAddUpToTheProbabilities() throws IOException {
    trainOnExamples().ended(0);
    Path out = folder.resolve("explained");
    Path brain = EXAMPLES.resolve("brain-mri-tumour.png");
    CliRun run = CliRun.of("bottleneck", "explain", "--bottleneck", bottleneck, brain, EXAMPLES.resolve("skin-lesion-nevus.jpg"), "--out",
        out, "--top", "2", "--json").ended(0);
    JsonObject first = JsonParser.parseString(run.outLines().getFirst()).getAsJsonObject();
    assertEquals("brain", first.get("label").getAsString());
    // The table has all contributions; with the biases of the file, they give the probabilities that are printed.
    Map<String, Double> scores = new HashMap<>();
    BottleneckLayer layer = BottleneckFile.read(bottleneck).layer();
    for (int k = 0; k < layer.classes().size(); k++) {
      scores.put(layer.classes().get(k), layer.bias()[k]);
    }
    try (TableReader rows = TableReader.open(out.resolve("contributions.csv"), TableFormat.CSV)) {
      assertEquals(List.of("image", "class", "concept", "similarity", "weight", "contribution"), rows.columns());
      rows.forEachRemaining(row -> {
        if (row.text("image").equals(brain.toString())) {
          scores.merge(row.text("class"), Double.parseDouble(row.text("contribution")), Double::sum);
        }
      });
    }
    double all = scores.values().stream().mapToDouble(Math::exp).sum();
    first.getAsJsonObject("probabilities").entrySet()
        .forEach(p -> assertEquals(Math.exp(scores.get(p.getKey())) / all, p.getValue().getAsDouble(), TOLERANCE));
    String page = Files.readString(out.resolve("index.html"));
    assertTrue(page.contains("trained on drawings") && page.contains("2 images") && page.contains("brain-mri-tumour/original.jpg"));
    List<JsonElement> leading = first.getAsJsonArray("contributions").asList();
    assertTrue(!leading.isEmpty() && leading.size() <= 2);
    for (JsonElement term : leading) {
      String concept = term.getAsJsonObject().get("concept").getAsString();
      assertTrue(Files.size(out.resolve("brain-mri-tumour").resolve(concept + ".png")) > 1000, concept);
    }
    CliRun words = CliRun.of("bottleneck", "explain", "--bottleneck", bottleneck, brain, "--out", out).ended(0);
    assertTrue(words.out().startsWith(brain + ": brain, ") && words.out().contains("(similarity "), words.out());
  }

  @Test
  void hostileNamesStayTextOnPages() throws IOException {
    Path hostile = folder.resolve("hostile.csv");
    Files.writeString(hostile, Files.readString(table).replace(",brain,", ",\"" + ATTACK + "\","));
    Path report = folder.resolve("report.html");
    train("--data", hostile, "--concepts", CONCEPTS + "," + ATTACK, "--lambda", "0.001", "--report", report).ended(0);
    Path out = folder.resolve("explained");
    CliRun.of("bottleneck", "explain", "--bottleneck", bottleneck, EXAMPLES.resolve("brain-mri-tumour.png"), "--out", out).ended(0);
    for (String page : List.of(Files.readString(report), Files.readString(out.resolve("index.html")))) {
      assertFalse(page.contains(ATTACK), "an attack as it was written");
      assertTrue(page.contains("&lt;/script&gt;"), "the same as text");
    }
  }

  /** Writes similarities of 40 items with 3 concepts, and their labels. */
  private Object[] given(String label) throws IOException {
    Random random = new Random(1);
    double[] values = new double[120];
    List<String> labels = new ArrayList<>(List.of("label"));
    for (int i = 0; i < 40; i++) {
      labels.add(i % 2 == 0 ? "even" : label);
      for (int j = 0; j < 3; j++) {
        values[3 * i + j] = random.nextGaussian() + (j == i % 2 ? 2 : 0);
      }
    }
    Npy.write(folder.resolve("s.npy"), HostTensor.of(values, 40, 3));
    Files.write(folder.resolve("l.csv"), labels);
    return new Object[] {"--similarities", folder.resolve("s.npy"), "--labels", folder.resolve("l.csv"), "--concepts", "a,b,c"};
  }

  @Test
  void similaritiesNeedNoModel() throws IOException {
    CliRun trained = train(given("odd")).ended(0);
    assertTrue(trained.out().contains("similarities that were given") && !trained.err().contains("demo"), trained.out() + trained.err());
    CliRun applied = CliRun.of("bottleneck", "apply", "--bottleneck", bottleneck, "--similarities", folder.resolve("s.npy"), "--json")
        .ended(0);
    assertEquals(40, applied.outLines().size());
    JsonObject last = JsonParser.parseString(applied.outLines().getLast()).getAsJsonObject();
    assertEquals(39, last.get("item").getAsInt());
    assertTrue(applied.outLines().stream().limit(40).filter(line -> {
      JsonObject one = JsonParser.parseString(line).getAsJsonObject();
      return one.get("label").getAsString().equals(one.get("item").getAsInt() % 2 == 0 ? "even" : "odd");
    }).count() > 30);
    Path out = folder.resolve("explained");
    CliRun.of("bottleneck", "explain", "--bottleneck", bottleneck, "--similarities", folder.resolve("s.npy"), "--out", out).ended(0);
    assertTrue(Files.readString(out.resolve("index.html")).contains("none: similarities were given"));
    CliRun.of("bottleneck", "apply", "--bottleneck", bottleneck, EXAMPLES.resolve("brain-mri-tumour.png")).ended(3)
        .refused("without a model", "expected similarities instead of images");
  }

  @Test
  void aBottleneckOfAnotherModelIsRefused() {
    trainOnExamples().ended(0);
    CliRun.of("bottleneck", "apply", "--bottleneck", bottleneck, EXAMPLES, "--model", "synthetic:tiny").ended(3)
        .refused("belongs to model \"demo\"", "found model \"synthetic:tiny\"");
  }

  @Test
  void imagesThatCannotBeReadCostThemselvesOnly() throws IOException {
    Files.writeString(table, Files.readString(table) + "absent.png,brain,a\n");
    trainOnExamples().ended(5).said("absent.png").said("1 of 13 images could not be used");
    CliRun run = CliRun.of("bottleneck", "apply", "--bottleneck", bottleneck, "absent.png", EXAMPLES.resolve("brain-mri-tumour.png"),
        "--json").ended(5);
    assertEquals(1, run.outLines().size());
    CliRun.of("bottleneck", "explain", "--bottleneck", bottleneck, "absent.png", "--out", folder.resolve("none")).ended(3);
    assertFalse(Files.exists(folder.resolve("none/index.html")), "a page about nothing");
    Object[] unlabelled = {EXAMPLES.resolve("brain-mri-tumour.png"), EXAMPLES.resolve("skin-lesion-nevus.jpg"), table};
    train(CliRun.join(unlabelled, "--labels", table, "--concepts", CONCEPTS, "--lambda", "0.1")).ended(5)
        .said("items.csv: has no label in");
  }

  @Test
  void badItemsAreRefused() throws IOException {
    train(given("even")).ended(3).refused("one class only, \"even\"");
    train(CliRun.join(given("odd"), "--label-column", "kind")).ended(3).refused("--label-column \"kind\": there is no such column");
    Object[] good = given("odd");
    good[5] = "a,b";
    train(good).ended(3).refused("shape [40, 3], expected [images, 2]");
    good[5] = "a,b,a";
    train(good).ended(3).refused("concepts: \"a\" appears twice");
    good[5] = "a,,c";
    train(good).ended(3).refused("concepts: number 2 of 3 is empty");
    good[5] = "";
    train(good).ended(3).refused("concepts: ");
    Files.writeString(folder.resolve("l.csv"), "label\neven\nodd\n");
    train(CliRun.join(new Object[] {"--similarities", folder.resolve("s.npy")}, "--labels", folder.resolve("l.csv"), "--concepts", "a,b,c"))
        .ended(3).refused("40 rows of similarities", "has 2 labels");
    Npy.write(folder.resolve("s.npy"), HostTensor.of(new double[] {1, 2, 3, 4, Double.NaN, 6}, 2, 3));
    train("--similarities", folder.resolve("s.npy"), "--labels", folder.resolve("l.csv"), "--concepts", "a,b,c").ended(3)
        .refused("row 1, column 1 is NaN");
    train("--data", table, "--concepts", CONCEPTS, "--image-column", "file").ended(3).refused("--image-column \"file\": there is no such");
    CliRun.of("bottleneck", "apply", "--bottleneck", table, EXAMPLES).ended(3).refused("items.csv", "is this a safetensors file?");
    assertFalse(Files.exists(bottleneck));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "train --concepts a --out x|missing: --data",
      "train --data d --similarities s --concepts a --out x|more than one of",
      "train --data d --labels l --concepts a --out x|--labels: the table of --data holds the labels",
      "train img --concepts a --out x|missing: --labels",
      "train --data d --out x|missing: --concepts",
      "train --data d --concepts a|missing: --out",
      "train --data d --concepts a --out x --lambda 0|--lambda 0.0",
      "train --data d --concepts a --out x --folds 1|--folds 1",
      "train --data d --concepts a --out x --top-k 0|--top-k 0",
      "train --data d --concepts a --out x --top-k 3 --similarity global|--top-k 3",
      "train --data d --concepts a --out x --similarity given|--similarity: expected global or local",
      "apply --bottleneck b|missing: IMAGE",
      "apply --bottleneck b i --similarities s|stands instead of images",
      "explain --bottleneck b i --out x --top 0|--top 0",
      "explain --bottleneck b i|--out",
      "''|which command?"})
  void wrongOptionsAreUsage(String arguments, String words) {
    Object[] all = Stream.concat(Stream.of("bottleneck"), Stream.of(arguments.split(" ")).filter(one -> !one.isEmpty())).toArray();
    CliRun run = CliRun.of(all).ended(2);
    assertTrue(run.err().contains(words), run.err());
  }
}
