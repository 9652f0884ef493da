package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval} with the demo model on the shipped examples: files, figures, resuming, and everything that it has to refuse. */
@Timeout(120)
class EvalCommandTest {
  private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();
  private static final Path TABLE = EXAMPLES.resolve("labels.csv");
  private static final String LABELS =
      "chest X-ray,brain MRI,abdominal CT,skin lesion,histology,fundus photograph,ultrasound,blood smear";

  @TempDir Path folder;

  private CliRun eval(Object... arguments) {
    return CliRun.of(CliRun.join(new Object[] {"eval"}, arguments));
  }

  /** A run on the examples, of which the model part takes its time. */
  private CliRun examples(Path out, Object... more) {
    return eval(CliRun.join(new Object[] {"--data", TABLE, "--labels", LABELS, "--backend", "cpu", "--out", out, "--bootstrap", 50}, more));
  }

  private Path table(String name, String... rows) throws IOException {
    List<String> lines = new ArrayList<>(List.of("image,label,kind"));
    lines.addAll(List.of(rows));
    return Files.write(folder.resolve(name), lines);
  }

  private static String row(String image, String label) {
    return EXAMPLES.resolve(image) + "," + label + ",k";
  }

  private static JsonObject json(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  private static JsonObject metrics(Path out) throws IOException {
    return json(Files.readString(out.resolve("metrics.json")));
  }

  @Test
  void theContractOfFilesAndFigures() throws Exception {
    Path out = folder.resolve("deep/out");
    CliRun run = eval("--data", TABLE, "--image-column", "image", "--label-column", "label", "--labels", LABELS, "--template", "an image of {}",
        "--template", "{}", "--group", "kind", "--backend", "cpu", "--out", out, "--json").ended(0);
    assertEquals(1, run.outLines().size(), run.out());
    JsonObject metrics = metrics(out);
    assertEquals(json(run.out()), metrics);
    assertEquals(12, metrics.get("items").getAsInt());
    assertEquals(0, metrics.get("failed").getAsInt());
    for (String figure : List.of("accuracy", "balanced_accuracy", "auroc_macro", "f1_macro")) {
      assertEquals(1.0, metrics.get(figure).getAsDouble(), figure);
    }
    assertTrue(metrics.get("ece").getAsDouble() < 0.1, run.out());
    JsonObject mri = metrics.getAsJsonObject("auroc").getAsJsonObject("brain MRI");
    assertEquals(List.of("value", "low", "high"), List.copyOf(mri.keySet()));
    assertEquals(1.0, mri.get("value").getAsDouble());
    JsonObject kinds = metrics.getAsJsonObject("groups").getAsJsonObject("kind");
    assertEquals(7, kinds.getAsJsonObject("radiology").get("items").getAsInt());
    assertEquals(1.0, kinds.getAsJsonObject("optical").get("accuracy").getAsDouble());
    assertEquals("demo", metrics.get("model").getAsString());
    List<String> scores = Files.readAllLines(out.resolve("scores.csv"));
    assertEquals("image,label," + LABELS, scores.getFirst());
    assertEquals(13, scores.size());
    double sum = Stream.of(scores.get(1).split(",")).skip(2).mapToDouble(Double::parseDouble).sum();
    assertTrue(scores.get(1).startsWith("chest-xray-normal.png,chest X-ray,0.9"), scores.get(1));
    assertEquals(1, sum, 1e-9);
    page(out.resolve("report.html"), "demo", "no medicine", "12 items");
    assertFalse(Files.exists(out.resolve("scores.part")));
  }

  /** Fails unless the page stands alone, is XML, and says these words and what every page has to. */
  private static void page(Path file, String... words) throws Exception {
    String page = Files.readString(file);
    for (String word : words) {
      assertTrue(page.contains(word), word);
    }
    assertTrue(page.contains("For research. Not a medical device."), "notice");
    assertFalse(page.replace("http://www.w3.org/2000/svg", "").contains("http"), "an address");
    assertFalse(page.contains("<script") || page.contains("NaN") || page.contains("null"), "script, NaN or null");
    DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void scoresAreThoseOfClassify() throws IOException {
    Path out = folder.resolve("out");
    examples(out, "--scoring", "ensemble", "--top-k", 5, "--alpha", 0.25).ended(0);
    Path image = EXAMPLES.resolve("brain-mri-tumour.png");
    JsonObject classified = json(CliRun.of("classify", image, "--labels", LABELS, "--backend", "cpu", "--scoring", "ensemble", "--top-k", 5,
        "--alpha", 0.25, "--json").ended(0).out()).getAsJsonObject("probabilities");
    String[] row = Files.readAllLines(out.resolve("scores.csv")).get(3).split(",");
    assertEquals("brain-mri-tumour.png", row[0]);
    assertArrayEquals(classified.asMap().values().stream().mapToDouble(p -> p.getAsDouble()).toArray(),
        Stream.of(row).skip(2).mapToDouble(Double::parseDouble).toArray());
  }

  @Test
  void aTableForPeopleAndLabelsOfTheData() {
    CliRun run = eval("--data", TABLE, "--backend", "cpu", "--out", folder.resolve("out"), "--group", "kind").ended(0);
    assertTrue(run.out().startsWith("12 items, model demo\n") && run.out().contains("accuracy                    1.000"), run.out());
    assertTrue(run.out().contains("radiology      7"), run.out());
    run.said("labels, as --labels is missing: abdominal CT, blood smear,").said("12 items: fewer than 30 say little");
  }

  @Test
  void aCompleteRunIsNotComputedAgain() throws IOException {
    Path out = folder.resolve("out");
    examples(out).ended(0);
    byte[] scores = Files.readAllBytes(out.resolve("scores.csv"));
    // A backend that would take long, but nothing is left for it to do; another number of resamples is no other run.
    CliRun again = examples(out, "--seed", 7, "--group", "kind").ended(0).said("nothing is computed anew");
    assertFalse(again.err().contains("backend cpu"), again.err());
    assertArrayEquals(scores, Files.readAllBytes(out.resolve("scores.csv")));
    assertEquals(7, metrics(out).getAsJsonObject("bootstrap").get("seed").getAsInt());

    Files.writeString(out.resolve("scores.csv"), "changed");
    examples(out).ended(3).said("scores.csv: was changed since the run that wrote it");
    examples(out, "--force").ended(0);
    assertArrayEquals(scores, Files.readAllBytes(out.resolve("scores.csv")));
  }

  @Test
  void anotherRunInTheSameFolderIsRefused() throws IOException {
    Path out = folder.resolve("out");
    examples(out).ended(0);
    examples(out, "--template", "{}").ended(3).said("holds a run of templates [\"a medical image of {}\"], now [\"{}\"]");
    examples(out, "--scoring", "local").ended(3).said("scoring global, now local, top 128 patches");
    eval("--data", TABLE, "--labels", LABELS, "--out", out, "--backend", "reference").ended(3).said("backend cpu, now reference");
    eval("--data", TABLE, "--labels", LABELS + ",photo", "--out", out).ended(3).said("--force, which starts anew here");
    Path other = Files.writeString(folder.resolve("other.csv"), Files.readString(TABLE) + "\n");
    eval("--data", other, "--images", EXAMPLES, "--labels", LABELS, "--backend", "cpu", "--out", out).ended(3).said("of data sha256");
    examples(out, "--template", "{}", "--force").ended(0);
    assertEquals("[\"{}\"]", metrics(out).getAsJsonObject("run").get("templates").getAsString());
  }

  @Test
  void anInterruptedRunGoesOn() throws IOException {
    Path whole = folder.resolve("whole");
    examples(whole).ended(0);
    String[] kept = part(whole);
    // Ends of a run: before the first item, within a line, after a line, within the head, and after everything.
    for (int cut : new int[] {kept[0].length(), kept[0].length() + kept[1].length() / 2, kept[0].length() + kept[1].length() + 5, 30,
        String.join("", kept).length()}) {
      Path out = Files.createDirectories(folder.resolve("cut" + cut));
      Files.writeString(out.resolve("scores.part"), String.join("", kept).substring(0, cut));
      CliRun run = examples(out).ended(0);
      for (String file : List.of("scores.csv", "metrics.json", "run.json")) {
        assertEquals(Files.readString(whole.resolve(file)), Files.readString(out.resolve(file)), file + " after " + cut);
      }
      assertFalse(Files.exists(out.resolve("scores.part")), "the part is gone");
      assertEquals(cut > kept[0].length() + kept[1].length() && cut < String.join("", kept).length(),
          run.err().contains("resuming: "), run.err());
    }
    Path out = Files.createDirectories(folder.resolve("damaged"));
    Files.writeString(out.resolve("scores.part"), kept[0] + "1\t0.5 x\n");
    examples(out).ended(3).said("damaged");
    Files.writeString(out.resolve("scores.part"), kept[0] + "1 0.5\n");
    examples(out).ended(3).said("damaged");
    Files.writeString(out.resolve("scores.part"), "{}\n");
    examples(out).ended(3).said("damaged");
    examples(out, "--force").ended(0);
  }

  /** The file of a run that is under way, made from a complete one: its head and a line an item. */
  private static String[] part(Path out) throws IOException {
    JsonObject head = new JsonObject();
    head.add("facts", json(Files.readString(out.resolve("run.json"))).get("facts"));
    List<String> lines = new ArrayList<>(List.of(head + "\n"));
    List<String> scores = Files.readAllLines(out.resolve("scores.csv"));
    for (int i = 1; i < scores.size(); i++) {
      lines.add(i + "\t" + String.join(" ", Stream.of(scores.get(i).split(",")).skip(2).toList()) + "\n");
    }
    return lines.toArray(String[]::new);
  }

  @Test
  void itemsThatCannotBeEvaluatedCostThemselves() throws IOException {
    Path table = table("t.csv", row("brain-mri-tumour.png", "brain MRI"), row("absent.png", "brain MRI"), ",brain MRI,k",
        row("ultrasound-cyst.png", "sonogram"), row("chest-xray-normal.png", "chest X-ray"));
    Path out = folder.resolve("out");
    CliRun run = eval("--data", table, "--labels", "brain MRI,chest X-ray", "--backend", "cpu", "--out", out).ended(5);
    run.said("t.csv, row 2 (line 3): ").said("absent.png").said("t.csv, row 3 (line 4): column \"image\" is empty")
        .said("row 4 (line 5), image \"" + EXAMPLES.resolve("ultrasound-cyst.png") + "\": label \"sonogram\", expected one of brain MRI, chest X-ray")
        .said("3 of 5 items could not be evaluated");
    assertEquals(2, metrics(out).get("items").getAsInt());
    assertEquals(3, metrics(out).get("failed").getAsInt());
    // The image appears: only it is computed.
    Files.copy(EXAMPLES.resolve("brain-mri-hydrocephalus.png"), folder.resolve("late.png"));
    Path second = table("u.csv", row("brain-mri-tumour.png", "brain MRI"), "soon.png,brain MRI,k", row("chest-xray-normal.png", "chest X-ray"));
    Path late = folder.resolve("late");
    eval("--data", second, "--labels", "brain MRI,chest X-ray", "--backend", "cpu", "--out", late).ended(5);
    Files.move(folder.resolve("late.png"), folder.resolve("soon.png"));
    eval("--data", second, "--labels", "brain MRI,chest X-ray", "--backend", "cpu", "--out", late).ended(0).said("resuming: 2 of 3 are there");
    assertEquals(List.of("soon.png"), Files.readAllLines(late.resolve("scores.csv")).stream().skip(2).limit(1)
        .map(line -> line.split(",")[0]).toList(), "in the order of the table");
  }

  @Test
  void nothingToEvaluateIsBadInput() throws IOException {
    Path out = folder.resolve("out");
    eval("--data", table("a.csv", "absent.png,brain MRI,k", "absent2.png,chest X-ray,k"), "--labels", "brain MRI,chest X-ray", "--backend",
        "cpu", "--out", out).ended(3).said("no item could be evaluated");
    assertFalse(Files.exists(out.resolve("scores.part")) || Files.exists(out.resolve("metrics.json")), "no files of nothing");
    eval("--data", table("b.csv", "x.png,photo,k"), "--labels", "brain MRI,chest X-ray", "--out", out).ended(3)
        .said("label \"photo\", expected one of brain MRI, chest X-ray");
    eval("--data", table("c.csv"), "--labels", "a,b", "--out", out).ended(3).refused("c.csv: no row of data");
    eval("--data", Files.createFile(folder.resolve("d.csv")), "--labels", "a,b", "--out", out).ended(3).refused("d.csv: empty");
    eval("--data", folder.resolve("absent.csv"), "--labels", "a,b", "--out", out).ended(3).refused("absent.csv", "no such file");
    eval("--data", folder, "--labels", "a,b", "--out", out).ended(3).refused("is no file, expected a table");
    eval("--data", TABLE, "--labels", "a,a", "--out", out).ended(3).refused("\"a\" appears twice");
    eval("--data", TABLE, "--labels", "a", "--out", out).ended(3).refused("expected at least two");
    eval("--data", TABLE, "--labels", LABELS, "--group", "sex", "--out", out).ended(3)
        .refused("metadata column \"sex\": there is no such column, expected one of: image, label, finding, kind");
    eval("--data", TABLE, "--labels", LABELS, "--label-column", "class", "--out", out).ended(3).refused("--label-column \"class\"");
    eval("--data", TABLE, "--labels", LABELS, "--out", TABLE).ended(3).refused("--out", "cannot be written");
    eval("--data", TABLE, "--labels", LABELS, "--template", "no place", "--out", out).ended(3).refused("no {}");
  }

  @Test
  void wrongUsageSaysWhatIsMissing() {
    Path out = folder.resolve("out");
    eval().ended(2).refused("--data FILE");
    eval("--data", TABLE).ended(2).refused("--out DIR");
    eval("--data", TABLE, "--out", out, "--bootstrap", -1).ended(2).refused("--bootstrap -1");
    eval("--data", TABLE, "--out", out, "--min-group", 0).ended(2).refused("--min-group 0");
    eval("--data", TABLE, "--out", out, "--layout", "x").ended(2).refused("siim-acr");
    eval("--data", TABLE, "--out", out, "--validation-column", "kind").ended(2).refused("NAME=VALUE");
    eval("--data", TABLE, "--out", out, "--alpha", 2).ended(2).refused("--alpha");
    eval("--from-scores", TABLE, "--group", "kind").ended(2).refused("--data FILE, which is missing");
  }

  @Test
  void oneClassIsEvaluatedWithAWarning() throws IOException {
    Path out = folder.resolve("out");
    eval("--data", table("one.csv", row("brain-mri-tumour.png", "brain MRI"), row("brain-mri-hydrocephalus.png", "brain MRI")), "--labels",
        "brain MRI,chest X-ray", "--backend", "cpu", "--out", out).ended(0).said("every item is of \"brain MRI\", so its AUROC is not defined");
    assertTrue(metrics(out).get("auroc_macro").isJsonNull());
    assertTrue(Files.readString(out.resolve("report.html")).contains("there is no curve"));
  }

  @Test
  void severalLabelsAnItemAreScoredEachForItself() throws Exception {
    Path table = Files.write(folder.resolve("m.jsonl"), List.of(
        "{\"image\": \"" + EXAMPLES.resolve("brain-mri-tumour.png") + "\", \"label\": [\"brain MRI\", \"head\"]}",
        "{\"image\": \"" + EXAMPLES.resolve("chest-xray-normal.png") + "\", \"label\": []}",
        "{\"image\": \"" + EXAMPLES.resolve("ultrasound-cyst.png") + "\", \"label\": \"ultrasound\"}"));
    Path out = folder.resolve("out");
    Object[] arguments = {"--data", table, "--task", "multilabel", "--labels", "brain MRI,head,ultrasound", "--backend", "cpu", "--out", out,
        "--scoring", "ensemble"};
    eval(arguments).ended(0);
    List<String> rows = Files.readAllLines(out.resolve("scores.csv"));
    assertTrue(rows.get(1).contains(",brain MRI;head,0."), rows.get(1));
    assertTrue(rows.get(2).contains(".png,,0."), rows.get(2));
    assertTrue(metrics(out).get("confusion").isJsonNull());
    assertEquals("multilabel", metrics(out).get("task").getAsString());
    page(out.resolve("report.html"), "scores of all items and labels");
    String before = Files.readString(out.resolve("metrics.json"));
    eval("--from-scores", out.resolve("scores.csv")).ended(0);
    JsonObject again = metrics(out);
    again.remove("run");
    JsonObject first = json(before);
    first.remove("run");
    assertEquals(first, again);
    eval("--data", table, "--task", "multilabel", "--labels", "a;b,c", "--out", out).ended(3).refused("\"a;b\": holds \";\"");
  }

  /** A file of scores of two classes and a table of its items; {@code right} is the share of items that are right. */
  private Path scores(String name, int items, double right) throws IOException {
    List<String> scores = new ArrayList<>(List.of("image,label,a,b"));
    List<String> data = new ArrayList<>(List.of("image,label,site,split"));
    for (int i = 0; i < items; i++) {
      double confidence = 0.5 + 0.49 * (i * 7 % items) / items;
      boolean ofA = (i % 2 == 0) == (i * 13 % items < right * items);
      String label = i % 2 == 0 ? "a" : "b";
      scores.add("i" + i + ".png," + label + "," + (ofA ? confidence + "," + (1 - confidence) : 1 - confidence + "," + confidence));
      data.add("i" + i + ".png," + label + "," + (i % 3 == 0 ? "north" : "south") + "," + (i % 5 == 0 ? "val" : "test"));
    }
    Path place = Files.createDirectories(folder.resolve(name));
    Files.write(place.resolve("data.csv"), data);
    return Files.write(place.resolve("scores.csv"), scores);
  }

  @Test
  void storedScoresNeedNoModel() throws Exception {
    Path scores = scores("s", 300, 0.8);
    Path out = folder.resolve("out");
    CliRun run = eval("--from-scores", scores, "--data", scores.resolveSibling("data.csv"), "--group", "site", "--validation-column",
        "split=val", "--out", out, "--json").ended(0);
    assertFalse(run.err().contains("model"), run.err());
    JsonObject metrics = json(run.out());
    assertEquals(240, metrics.get("items").getAsInt());
    assertEquals(0.8, metrics.get("accuracy").getAsDouble(), 0.02);
    assertEquals(80, metrics.getAsJsonObject("groups").getAsJsonObject("site").getAsJsonObject("north").get("items").getAsInt());
    assertTrue(metrics.getAsJsonObject("gaps").getAsJsonObject("site").getAsJsonObject("accuracy").get("low").getAsDouble() >= 0);
    JsonObject temperature = metrics.getAsJsonObject("temperature");
    assertEquals(60, temperature.getAsJsonObject("validation").get("items").getAsInt());
    assertTrue(temperature.get("value").getAsDouble() > 0.1, temperature.toString());
    page(out.resolve("report.html"), "not recorded", "240 items", "By site", "temperature");
    assertEquals(241, Files.readAllLines(out.resolve("scores.csv")).size());

    eval("--from-scores", scores, "--labels", "b,a").ended(3).refused("expected those of --labels in their order: b, a");
    eval("--from-scores", scores.resolveSibling("data.csv")).ended(3).refused("\"site\" is \"north\"");
    Files.writeString(scores, "image,label,a,b\nx.png,a,0.5,0.9\n");
    eval("--from-scores", scores).ended(3).refused("sum");
    Files.writeString(scores, "image,label,a,b\nx.png,c,0.5,0.5\n");
    eval("--from-scores", scores).ended(3).refused("row 1: label \"c\", expected one of the columns: a, b");
    Files.writeString(scores, "image,label,a,b\nx.png,a,NaN,0.5\n");
    eval("--from-scores", scores).ended(3).refused("\"a\" is \"NaN\", expected a number from 0 to 1");
    Files.writeString(scores, "image,label,a,b\nx.png,a,0.5,0.5\ny.png,b,0.5,0.5\n");
    Files.writeString(scores.resolveSibling("data.csv"), "image,label\ny.png,b\n");
    eval("--from-scores", scores, "--data", scores.resolveSibling("data.csv"), "--out", out).ended(5)
        .said("row 1: image \"x.png\" of \"a\", expected one that --data lists").said("1 of 2 items");
  }

  @Test
  void runsAreComparedItemByItem() throws Exception {
    Path before = scores("before", 200, 0.6);
    Path now = scores("now", 200, 0.9);
    CliRun run = eval("--from-scores", now, "--compare", before.getParent(), "--json").ended(0);
    JsonObject accuracy = json(run.out()).getAsJsonObject("comparison").getAsJsonObject("differences").getAsJsonObject("accuracy");
    JsonObject difference = accuracy.getAsJsonObject("difference");
    assertEquals(0.3, difference.get("value").getAsDouble(), 1e-9);
    assertTrue(difference.get("low").getAsDouble() > 0.2 && difference.get("high").getAsDouble() < 0.4, run.out());
    assertEquals(0.6, accuracy.get("other").getAsDouble());
    page(now.resolveSibling("report.html"), "Compared with " + before.getParent());
    eval("--from-scores", now, "--compare", folder.resolve("absent")).ended(3).refused("absent/scores.csv", "no such file");
    Path fewer = scores("fewer", 199, 0.6);
    eval("--from-scores", now, "--compare", fewer.getParent()).ended(3).refused("row 200: no more items, expected the same items");
    Files.writeString(fewer, Files.readString(fewer).replace("label,a,b", "label,a,c"));
    eval("--from-scores", now, "--compare", fewer.getParent()).ended(3).refused("columns a, c, expected those of this run: a, b");
  }

  @Test
  void aTemperatureIsFittedOnOtherItems() throws IOException {
    Path validation = table("v.csv", row("ultrasound-gallstone.png", "ultrasound"), row("skin-lesion-nevus.jpg", "skin lesion"),
        row("absent.png", "ultrasound"));
    Path out = folder.resolve("out");
    CliRun run = examples(out, "--validation", validation, "--json").ended(5).said("v.csv, row 3 (line 4)");
    assertEquals(12, json(run.out()).get("items").getAsInt());
    assertEquals(2, json(run.out()).getAsJsonObject("temperature").getAsJsonObject("validation").get("items").getAsInt());
    assertEquals(3, Files.readAllLines(out.resolve("validation.csv")).size());
    Path split = folder.resolve("split");
    run = examples(split, "--validation-column", "kind=optical", "--json").ended(0);
    assertEquals(7, json(run.out()).get("items").getAsInt());
    assertEquals(5, json(run.out()).getAsJsonObject("temperature").getAsJsonObject("validation").get("items").getAsInt());
    assertEquals(8, Files.readAllLines(split.resolve("scores.csv")).size());
    examples(split, "--validation-column", "kind=optical").ended(0).said("nothing is computed anew");
    examples(folder.resolve("none"), "--validation-column", "kind=none").ended(0).said("no validation item has scores");
  }

  @Test
  void captionsFindTheirImages() throws Exception {
    Path pairs = folder.resolve("pairs.jsonl");
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(TABLE).stream().skip(1).toList()) {
      String[] cells = line.split(",");
      lines.add("{\"image\": \"" + cells[0] + "\", \"id\": \"1\", \"caption\": \"" + cells[1] + " with " + cells[2] + "\"}");
    }
    lines.add("{\"image\": \"brain-mri-tumour.png\", \"caption\": \"brain MRI\"}");
    lines.add("{\"image\": \"absent.png\", \"caption\": \"brain MRI\"}");
    Files.write(pairs, lines);
    Path out = folder.resolve("out");
    Object[] arguments = {"--data", pairs, "--images", EXAMPLES, "--backend", "cpu", "--out", out, "--json"};
    CliRun run = eval(arguments).ended(5).said("pairs.jsonl, row 14 (line 14): ").said("1 of 14 items");
    JsonObject metrics = json(run.out());
    assertEquals(metrics, metrics(out));
    assertEquals(13, metrics.get("items").getAsInt());
    JsonObject byImage = metrics.getAsJsonObject("image_to_text");
    assertEquals(12, byImage.get("queries").getAsInt());
    assertEquals(13, byImage.get("gallery").getAsInt());
    assertEquals(1.0, byImage.getAsJsonObject("recall").getAsJsonObject("50").get("value").getAsDouble());
    assertTrue(byImage.getAsJsonObject("recall").getAsJsonObject("5").get("value").getAsDouble() > 0.8, run.out());
    List<String> ranks = Files.readAllLines(out.resolve("ranks.csv"));
    assertEquals("image,caption,image_to_text_rank,text_to_image_rank", ranks.getFirst());
    assertEquals(14, ranks.size());
    page(out.resolve("report.html"), "Captions find their images", "13 pairs", "no medicine");
    String figures = Files.readString(out.resolve("metrics.json"));
    byte[] vectors = Files.readAllBytes(out.resolve("images.npy"));

    // All but the image that is absent are there.
    eval(arguments).ended(5).said("resuming: 25 of 26 vectors are there");
    assertEquals(figures, Files.readString(out.resolve("metrics.json")));
    assertArrayEquals(vectors, Files.readAllBytes(out.resolve("images.npy")));
    run = eval(CliRun.join(arguments, "--each-pair")).ended(5);
    assertEquals(13, json(run.out()).getAsJsonObject("image_to_text").get("queries").getAsInt());
    eval("--data", pairs, "--images", EXAMPLES, "--out", out, "--group", "id").ended(2).refused("retrieval has none");
  }
}
