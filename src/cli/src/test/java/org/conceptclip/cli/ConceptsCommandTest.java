package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.conceptclip.data.Npy;
import org.conceptclip.explain.PatchMap;
import org.conceptclip.explain.TopPatches;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code concepts}: the files and lines that other programs rely on, and every input that it has to refuse. */
class ConceptsCommandTest {
  private static final Path EXAMPLES = Path.of("examples");
  private static final Path BRAIN = EXAMPLES.resolve("brain-mri-tumour.png");
  private static final Path CHEST = EXAMPLES.resolve("chest-xray-effusion.png");

  @TempDir Path folder;

  @Test
  void writesTheFilesOfTheContract() throws IOException {
    Path out = folder.resolve("new/maps");
    CliRun run = concepts(out, "tumour,pleural effusion", BRAIN, CHEST, "--json").ended(0);
    List<NamedCsvRecord> rows = csv(out);
    assertEquals(4, rows.size());
    assertEquals(List.of("image", "concept", "score"), rows.getFirst().getHeader());
    int line = 0;
    for (Path image : List.of(BRAIN, CHEST)) {
      String stem = image.getFileName().toString().replace(".png", "");
      BufferedImage picture = ImageIO.read(image.toFile());
      for (String concept : List.of("tumour", "pleural effusion")) {
        JsonObject found = JsonParser.parseString(run.outLines().get(line)).getAsJsonObject();
        assertEquals(List.of("image", "concept", "score"), List.copyOf(found.keySet()));
        assertEquals(image.toString(), found.get("image").getAsString());
        assertEquals(concept, found.get("concept").getAsString());
        assertEquals(List.of(image.toString(), concept, found.get("score").getAsString()), rows.get(line).getFields());
        HostTensor map = Npy.read(out.resolve(stem).resolve(concept + ".npy"));
        assertEquals(DType.F32, map.dtype());
        assertArrayEquals(new long[] {10, 10}, map.shape().toArray());
        assertEquals(found.get("score").getAsDouble(), new TopPatches(18).score(new PatchMap(10, floats(map))), 1e-12, "18 of 100 patches");
        BufferedImage overlay = ImageIO.read(out.resolve(stem).resolve(concept + ".png").toFile());
        assertEquals(picture.getWidth(), overlay.getWidth());
        assertTrue(overlay.getHeight() > picture.getHeight());
        line++;
      }
    }
    String page = Files.readString(out.resolve("index.html"));
    for (String words : List.of("brain-mri-tumour/tumour.png", "chest-xray-effusion/pleural%20effusion.png", "trained on drawings",
        "For research. Not a medical device.", "<dt>images</dt><dd>2</dd>")) {
      assertTrue(page.contains(words), words);
    }
    assertEquals(List.of(), partial(out));
  }

  @Test
  void theTableNamesEveryImageOnce() {
    CliRun run = concepts(folder, "tumour,cyst", BRAIN, CHEST).ended(0);
    assertEquals(5, run.outLines().size(), run.out());
    assertTrue(run.outLines().get(1).matches("examples/brain-mri-tumour.png +tumour +-?0\\.\\d{4}"), run.out());
    assertTrue(run.outLines().get(2).matches(" +cyst +-?0\\.\\d{4}"), run.out());
  }

  @Test
  void imagesOfOneStemAndConceptsThatAreNoNamesGetFilesOfTheirOwn() throws IOException {
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.copy(CHEST, other.resolve(BRAIN.getFileName()));
    Path list = Files.writeString(folder.resolve("concepts.txt"), "a/b\n\"a, b\"\n..\na_b\n" + "long ".repeat(100) + "\n");
    Path out = folder.resolve("out");
    concepts(out, "@" + list, BRAIN, other.resolve(BRAIN.getFileName())).ended(0);
    for (String stem : List.of("brain-mri-tumour", "brain-mri-tumour-2")) {
      try (Stream<Path> files = Files.list(out.resolve(stem))) {
        assertEquals(5, files.filter(file -> file.toString().endsWith(".npy")).count());
      }
      assertTrue(Files.exists(out.resolve(stem).resolve("a, b.png")));
      assertTrue(Files.exists(out.resolve(stem).resolve("a_b-2.png")));
    }
    assertEquals(10, csv(out).size());
  }

  @Test
  void aBadImageCostsThatImageOnly() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.png"), "no picture");
    Path out = folder.resolve("out");
    CliRun run = concepts(out, "tumour", BRAIN, bad, folder.resolve("absent.png"), CHEST, "--json").ended(5).said("bad.png")
        .said("absent.png").said("2 of 4 images");
    assertEquals(2, run.outLines().size());
    assertEquals(2, csv(out).size());
    assertTrue(Files.readString(out.resolve("index.html")).contains("2; 2 more could not be annotated"));
    concepts(folder.resolve("none"), "tumour", bad).ended(3).refused("bad.png");
  }

  @Test
  void runningAgainReplacesTheFiles() throws IOException {
    concepts(folder, "tumour", BRAIN, "--opacity", "0").ended(0);
    byte[] first = Files.readAllBytes(folder.resolve("brain-mri-tumour/tumour.png"));
    concepts(folder, "tumour", BRAIN).ended(0);
    assertFalse(Arrays.equals(first, Files.readAllBytes(folder.resolve("brain-mri-tumour/tumour.png"))));
    assertEquals(1, csv(folder).size());
  }

  @Test
  void aPictureMayComeFromStdinAndNamesFromAFile() throws IOException {
    Path out = folder.resolve("out");
    CliRun.fed(Files.readAllBytes(CHEST), "concepts", "-", "--concepts", "cyst", "--out", out, "--backend", "cpu", "--scale", "all")
        .ended(0);
    assertTrue(Files.exists(out.resolve("stdin/cyst.png")));
    Path list = Files.writeString(folder.resolve("list.txt"), BRAIN + "\n" + CHEST + "\n");
    concepts(out, "cyst", "--images-from", list).ended(0);
    assertEquals(2, csv(out).size());
  }

  @Test
  void sharedRangesChangeColoursAndNothingElse() throws IOException {
    for (String scale : List.of("image", "concept", "all")) {
      concepts(folder.resolve(scale), "tumour,cyst", BRAIN, CHEST, "--scale", scale).ended(0);
    }
    String file = "chest-xray-effusion/tumour.";
    for (String scale : List.of("concept", "all")) {
      assertArrayEquals(bytes("image/" + file + "npy"), bytes(scale + "/" + file + "npy"));
      assertEquals(Files.readString(folder.resolve("image/scores.csv")), Files.readString(folder.resolve(scale + "/scores.csv")));
      assertFalse(Arrays.equals(bytes("image/" + file + "png"), bytes(scale + "/" + file + "png")));
    }
    // The range of all is that of the two maps of each concept together.
    float low = Float.MAX_VALUE;
    for (Path image : List.of(BRAIN, CHEST)) {
      for (String concept : List.of("tumour", "cyst")) {
        String stem = image.getFileName().toString().replace(".png", "");
        float[] map = floats(Npy.read(folder.resolve("all").resolve(stem).resolve(concept + ".npy")));
        low = Math.min(low, new PatchMap(10, map).low());
      }
    }
    assertTrue(new String(bytes("all/" + file + "png"), StandardCharsets.ISO_8859_1)
        .contains(String.format(Locale.ROOT, "Range: %.3f to ", low)));
  }

  @Test
  void theOfficialProtocolGivesScoresOfItsOwn() throws IOException {
    double[] scores = new double[4];
    List<Object[]> forms = List.of(new Object[] {}, new Object[] {"--padding", "longest"}, new Object[] {"--alpha", "1"},
        new Object[] {"--positive-template", "a brain MRI of {}", "--negative-template", "a brain MRI"});
    for (int i = 0; i < scores.length; i++) {
      CliRun run = concepts(folder.resolve("o" + i), "tumour", CliRun.join(new Object[] {BRAIN, "--protocol", "official", "--json"},
          forms.get(i))).ended(0);
      scores[i] = JsonParser.parseString(run.out()).getAsJsonObject().get("score").getAsDouble();
      // The second softmax is over two numbers from 0 to 1.
      assertTrue(scores[i] >= 1 / (1 + Math.E) && scores[i] <= Math.E / (1 + Math.E), run.out());
    }
    assertEquals(4, Arrays.stream(scores).distinct().count(), Arrays.toString(scores));
    assertTrue(Files.readString(folder.resolve("o0/index.html")).contains("padded to 77 tokens, alpha 0.5"));
    assertArrayEquals(bytes("o0/brain-mri-tumour/tumour.npy"), bytes("o3/brain-mri-tumour/tumour.npy"), "maps are those of the concept");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "--top-k|0|--top-k 0: expected 1 or more",
      "--opacity|1.5|--opacity 1.5: expected a number from 0 to 1",
      "--alpha|0.5|--alpha: expected only with --protocol official",
      "--padding|77|--padding: expected only with --protocol official",
      "--scale|row|--scale",
      "--interpolation|nearest|--interpolation"})
  void wrongOptionsAreUsage(String option, String value, String message) {
    concepts(folder.resolve("out"), "tumour", BRAIN, option, value).ended(2).said(message);
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "--padding|60|--padding 60: expected 77 or longest",
      "--alpha|2|--alpha 2.0: expected a number from 0 to 1",
      "--top-k|5|--top-k: the official protocol takes the mean of all patches"})
  void wrongOptionsOfTheOfficialProtocolAreUsage(String option, String value, String message) {
    concepts(folder.resolve("out"), "tumour", BRAIN, "--protocol", "official", option, value).ended(2).said(message);
  }

  @Test
  void whatIsMissingIsNamed() {
    CliRun.of("concepts", BRAIN, "--out", folder).ended(2).said("missing: --concepts");
    CliRun.of("concepts", BRAIN, "--concepts", "a").ended(2).said("missing: --out");
    CliRun.of("concepts", "--concepts", "a", "--out", folder).ended(2).said("missing: IMAGE");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,,b|concept 2 of 3 is empty", "a,b,a|\"a\" appears twice", "\u200b|found no token", "@absent.txt|absent.txt"})
  void conceptsThatAreNoneAreRefused(String given) {
    String[] parts = given.split("\\|");
    CliRun run = concepts(folder.resolve("out"), parts[0], BRAIN).ended(3).said(parts[1]);
    assertEquals("", run.out());
  }

  @Test
  void aFileIsNoFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "kept");
    // Before the model is looked for: this one is not there.
    concepts(file, "tumour", BRAIN, "--model", folder.resolve("absent")).ended(3).refused("--out", "is a file");
    assertEquals("kept", Files.readString(file));
    concepts(file.resolve("below"), "tumour", BRAIN, "--model", folder.resolve("absent")).ended(3).refused("--out");
  }

  @Test
  void aModelWithoutTokenizerIsRefused() {
    concepts(folder, "tumour", BRAIN, "--model", "synthetic:tiny").ended(3).refused("tokenizer");
  }

  @Test
  void aModelWithFewPositionsIsPaddedToItsContext() throws IOException {
    Path tiny = Files.createDirectory(folder.resolve("tiny"));
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Path.of("src/core/src/test/resources/golden/tiny", file), tiny.resolve(file));
    }
    List<String> words = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "this", "is", "of", "a", "medical", "image", "tumour", ".");
    Files.writeString(tiny.resolve("vocab.txt"), String.join("\n", words) + "\n");
    Files.copy(Path.of("src/demo/src/main/resources/org/conceptclip/demo/tokenizer_config.json"), tiny.resolve("tokenizer_config.json"));
    Path out = folder.resolve("out");
    concepts(out, "tumour", BRAIN, "--protocol", "official", "--model", tiny).ended(0)
        .said("this model has 40 positions: prompts are padded");
    assertTrue(Files.readString(out.resolve("index.html")).contains("padded to 24 tokens"));
    assertArrayEquals(new long[] {4, 4}, Npy.read(out.resolve("brain-mri-tumour/tumour.npy")).shape().toArray());
    concepts(folder, "tumour", BRAIN, "--protocol", "official", "--max-tokens", "78").ended(2)
        .said("expected 3 to the model's 77 positions");
  }

  private CliRun concepts(Path out, String concepts, Object... more) {
    return CliRun.of(CliRun.join(new Object[] {"concepts", "--concepts", concepts, "--out", out, "--backend", "cpu"}, more));
  }

  private static List<NamedCsvRecord> csv(Path out) throws IOException {
    try (CsvReader<NamedCsvRecord> reader = CsvReader.builder().ofNamedCsvRecord(out.resolve("scores.csv"))) {
      return new ArrayList<>(reader.stream().toList());
    }
  }

  private byte[] bytes(String file) throws IOException {
    return Files.readAllBytes(folder.resolve(file));
  }

  private static float[] floats(HostTensor tensor) {
    float[] values = new float[(int) tensor.shape().elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) tensor.getDouble(i);
    }
    return values;
  }

  private static List<Path> partial(Path out) throws IOException {
    try (Stream<Path> files = Files.walk(out)) {
      return files.filter(file -> file.toString().endsWith(".partial")).toList();
    }
  }
}
