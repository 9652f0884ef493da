package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval} with the demo model on the shipped examples: files, figures, resuming, and everything that it has to refuse. */
@Timeout(120)
class EvalCommandTest {
  private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();
  private static final Path TABLE = Path.of("examples.csv").toAbsolutePath();
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
    CliRun run = eval("--data", TABLE, "--image-column", "image", "--label-column", "label", "--labels", LABELS,
        "--template", "an image of {}", "--template", "{}", "--group", "kind", "--backend", "cpu", "--out", out, "--json").ended(0);
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
    assertTrue(scores.get(1).startsWith("examples/chest-xray-normal.png,chest X-ray,0.9"), scores.get(1));
    assertEquals(1, sum, 1e-9);
    EvalPages.check(out.resolve("report.html"), "demo", "no medicine", "12 items");
    assertFalse(Files.exists(out.resolve("scores.part")));
  }

  @Test
  void scoresAreThoseOfClassify() throws IOException {
    Path out = folder.resolve("out");
    examples(out, "--scoring", "ensemble", "--top-k", 5, "--alpha", 0.25).ended(0);
    Path image = EXAMPLES.resolve("brain-mri-tumour.png");
    JsonObject classified = json(CliRun.of("classify", image, "--labels", LABELS, "--backend", "cpu", "--scoring", "ensemble", "--top-k", 5,
        "--alpha", 0.25, "--json").ended(0).out()).getAsJsonObject("probabilities");
    String[] row = Files.readAllLines(out.resolve("scores.csv")).get(3).split(",");
    assertEquals("examples/brain-mri-tumour.png", row[0]);
    assertArrayEquals(classified.asMap().values().stream().mapToDouble(p -> p.getAsDouble()).toArray(),
        Stream.of(row).skip(2).mapToDouble(Double::parseDouble).toArray());
  }

  @Test
  void templatesComeFromAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("templates.txt"), "{}\n\nan image of {}\n{}\n");
    examples(folder.resolve("one"), "--template", "{}", "--template", "an image of {}").ended(0);
    examples(folder.resolve("two"), "--templates", "@" + file).ended(0);
    examples(folder.resolve("three"), "--templates", file, "--template", "{}").ended(0);
    for (String other : List.of("two", "three")) {
      assertEquals(Files.readString(folder.resolve("one/scores.csv")), Files.readString(folder.resolve(other).resolve("scores.csv")));
    }
    examples(folder.resolve("four"), "--templates", "@absent.txt").ended(3).refused("absent.txt", "one template per line");
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
    eval("--data", other, "--images", EXAMPLES.getParent(), "--labels", LABELS, "--backend", "cpu", "--out", out).ended(3).said("of data sha256");
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
        .said("row 4 (line 5), image \"" + EXAMPLES.resolve("ultrasound-cyst.png") + "\": label \"sonogram\", expected one of brain MRI,"
            + " chest X-ray")
        .said("3 of 5 items could not be evaluated");
    assertEquals(2, metrics(out).get("items").getAsInt());
    assertEquals(3, metrics(out).get("failed").getAsInt());
    // The image appears: only it is computed.
    Files.copy(EXAMPLES.resolve("brain-mri-hydrocephalus.png"), folder.resolve("late.png"));
    Path second = table("u.csv", row("brain-mri-tumour.png", "brain MRI"), "soon.png,brain MRI,k",
        row("chest-xray-normal.png", "chest X-ray"));
    Path late = folder.resolve("late");
    eval("--data", second, "--labels", "brain MRI,chest X-ray", "--backend", "cpu", "--out", late).ended(5);
    Files.move(folder.resolve("late.png"), folder.resolve("soon.png"));
    eval("--data", second, "--labels", "brain MRI,chest X-ray", "--backend", "cpu", "--out", late).ended(0)
        .said("resuming: 2 of 3 are there");
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
  void oneClassIsEvaluatedAsFarAsPossible() throws IOException {
    Path out = folder.resolve("out");
    eval("--data", table("one.csv", row("brain-mri-tumour.png", "brain MRI"), row("brain-mri-hydrocephalus.png", "brain MRI")), "--labels",
        "brain MRI,chest X-ray", "--backend", "cpu", "--out", out).ended(5)
        .said("the items are of one class").said("every item is of \"brain MRI\", so its AUROC is not defined");
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
    Object[] arguments = {"--data", table, "--task", "multilabel", "--labels", "brain MRI,head,ultrasound", "--backend", "cpu", "--out",
        out, "--scoring", "ensemble"};
    eval(arguments).ended(0);
    List<String> rows = Files.readAllLines(out.resolve("scores.csv"));
    assertTrue(rows.get(1).contains(",brain MRI;head,0."), rows.get(1));
    assertTrue(rows.get(2).contains(".png,,0."), rows.get(2));
    assertTrue(metrics(out).get("confusion").isJsonNull());
    assertEquals("multilabel", metrics(out).get("task").getAsString());
    EvalPages.check(out.resolve("report.html"), "scores of all items and labels");
    String before = Files.readString(out.resolve("metrics.json"));
    eval("--from-scores", out.resolve("scores.csv")).ended(0);
    JsonObject again = metrics(out);
    again.remove("run");
    JsonObject first = json(before);
    first.remove("run");
    assertEquals(first, again);
    // The logits behind sigmoids and behind a softmax are the same, up to a constant: p / q = exp(a - b).
    Path global = folder.resolve("global");
    eval("--data", table, "--task", "multilabel", "--labels", "brain MRI,head,ultrasound", "--backend", "cpu", "--out", global).ended(0);
    double[] logits = Stream.of(Files.readAllLines(global.resolve("scores.csv")).get(1).split(",")).skip(2)
        .mapToDouble(Double::parseDouble).map(score -> Math.log(score / (1 - score))).toArray();
    double[] softmax = json(CliRun.of("classify", EXAMPLES.resolve("brain-mri-tumour.png"), "--labels", "brain MRI,head,ultrasound",
        "--backend", "cpu", "--json").ended(0).out()).getAsJsonObject("probabilities").asMap().values().stream()
        .mapToDouble(p -> p.getAsDouble()).toArray();
    for (int i = 1; i < logits.length; i++) {
      // Of a score that is nearly 1, the difference to 1 has lost digits.
      assertEquals(softmax[i] / softmax[0], Math.exp(logits[i] - logits[0]), 1e-6 * softmax[i] / softmax[0]);
    }
    eval("--data", table, "--task", "multilabel", "--labels", "a;b,c", "--out", out).ended(3).refused("\"a;b\": holds \";\"");
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
    // Another split, or none, divides the same scores.
    run = examples(split, "--json").ended(0).said("nothing is computed anew");
    assertEquals(12, json(run.out()).get("items").getAsInt());
    assertTrue(json(run.out()).get("temperature").isJsonNull() && !Files.exists(split.resolve("validation.csv")), run.out());
    examples(split, "--validation", validation).ended(5).said("resuming: 12 of 15 are there");
    Path other = table("w.csv", row("ultrasound-gallstone.png", "ultrasound"));
    examples(split, "--validation", other).ended(0).said("resuming: 12 of 13 are there");
    examples(folder.resolve("none"), "--validation-column", "kind=none").ended(0).said("no validation item has scores");
  }

  @Test
  void captionsFindTheirImages() throws Exception {
    Path pairs = folder.resolve("pairs.jsonl");
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(TABLE).stream().skip(1).toList()) {
      String[] cells = line.split(",");
      lines.add("{\"image\": \"" + cells[0].replace("examples/", "") + "\", \"id\": \"1\", \"caption\": \"" + cells[1] + " with " + cells[2] + "\"}");
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
    EvalPages.check(out.resolve("report.html"), "Captions find their images", "13 pairs", "no medicine");
    String figures = Files.readString(out.resolve("metrics.json"));
    byte[] vectors = Files.readAllBytes(out.resolve("images.npy"));

    // All but the image that is absent are there.
    eval(arguments).ended(5).said("resuming: 25 of 26 vectors are there");
    assertEquals(figures, Files.readString(out.resolve("metrics.json")));
    assertArrayEquals(vectors, Files.readAllBytes(out.resolve("images.npy")));
    run = eval(CliRun.join(arguments, "--each-pair")).ended(5);
    assertEquals(13, json(run.out()).getAsJsonObject("image_to_text").get("queries").getAsInt());
    eval("--data", pairs, "--images", EXAMPLES, "--out", out, "--group", "id").ended(2).refused("retrieval has none");
    eval("--data", pairs, "--images", EXAMPLES, "--out", out, "--compare", out).ended(2).refused("retrieval has none");
    eval("--data", pairs, "--images", EXAMPLES, "--out", out, "--labels", "a,b").ended(2).refused("captions of the table");
  }

  @Test
  void theOfficialListOfClassesNeedsNoLabels() throws IOException {
    Path table = Files.writeString(folder.resolve("siim.json"), "{\"label_set\": [\"chest X-ray\", \"brain MRI\"], \"annotations\": ["
        + "{\"image\": \"brain-mri-tumour.png\", \"label_text\": \"brain MRI\", \"label\": [\"brain MRI\"]},"
        + "{\"image\": [\"chest-xray-normal.png\"], \"label_text\": \"chest X-ray\", \"label\": []}]}");
    Path out = folder.resolve("out");
    eval("--data", table, "--images", EXAMPLES, "--backend", "cpu", "--out", out).ended(0)
        .said("labels, as --labels is missing: chest X-ray, brain MRI");
    assertEquals(1.0, metrics(out).get("accuracy").getAsDouble());
    assertEquals("image,label,chest X-ray,brain MRI", Files.readAllLines(out.resolve("scores.csv")).getFirst());
    eval("--data", table, "--images", folder.resolve("none"), "--backend", "cpu", "--out", out).ended(3).said("none: no such folder");
    eval("--data", table, "--images", EXAMPLES, "--task", "multilabel", "--backend", "cpu", "--out", folder.resolve("several")).ended(0);
    assertTrue(Files.readAllLines(folder.resolve("several/scores.csv")).get(2).startsWith("chest-xray-normal.png,,"));
  }

  @Test
  void annotationIsTheOfficialProtocol() throws Exception {
    Path table = Files.write(folder.resolve("meta.csv"), List.of(
        "case_num,pigment_network,streaks,pigmentation,regression_structures,dots_and_globules,blue_whitish_veil,vascular_structures,derm",
        "1,1,0,1,0,0,0,0,skin-lesion-nevus.jpg", "2,0,1,1,0,1,1,0,skin-lesion-melanoma.jpg"));
    Path out = folder.resolve("out");
    eval("--data", table, "--images", EXAMPLES, "--backend", "cpu", "--out", out, "--json").ended(0);
    String[] row = Files.readAllLines(out.resolve("scores.csv")).get(2).split(",");
    assertEquals("streaks;pigmentation;dots and globules;blue whitish veil", row[1]);
    CliRun concepts = CliRun.of("concepts", EXAMPLES.resolve("skin-lesion-melanoma.jpg"), "--protocol", "official", "--concepts",
        "pigment network,streaks,pigmentation,regression structures,dots and globules,blue whitish veil,vascular structures", "--backend",
        "cpu", "--out", folder.resolve("concepts"), "--json").ended(0);
    assertArrayEquals(concepts.outLines().stream().mapToDouble(line -> json(line).get("score").getAsDouble()).toArray(),
        Stream.of(row).skip(2).mapToDouble(Double::parseDouble).toArray());
    JsonObject metrics = metrics(out);
    assertEquals("annotation", metrics.get("task").getAsString());
    JsonObject pooled = metrics.getAsJsonObject("pooled");
    assertEquals(14, pooled.get("pairs").getAsInt());
    // The demo model finds no concept present, so what is absent is right: 8 of the 14 pairs.
    assertEquals(8 / 14.0, pooled.get("accuracy").getAsDouble());
    EvalPages.check(out.resolve("report.html"), "the figures that the official annotation script prints");
    eval("--data", table, "--images", EXAMPLES, "--template", "a {}", "--template", "b {}", "--out", out).ended(2).refused("expected one");
    eval("--data", table, "--images", EXAMPLES, "--scoring", "local", "--out", out).ended(2).refused("--scoring local");
    eval("--from-scores", out.resolve("scores.csv"), "--out", folder.resolve("again")).ended(0);
    assertEquals(pooled, metrics(folder.resolve("again")).get("pooled"));
  }
}
