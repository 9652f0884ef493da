package org.conceptclip.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ItemsTest {
  private static final String DERM7PT = "case_num,diagnosis,seven_point_score,pigment_network,streaks,pigmentation,regression_structures,"
      + "dots_and_globules,blue_whitish_veil,vascular_structures,sex,clinic,derm\n";

  @TempDir Path folder;
  private final List<String> problems = new ArrayList<>();

  private Items read(String name, String content, Items.Columns columns) throws IOException {
    return Items.read(Files.writeString(folder.resolve(name), content), columns, problems::add);
  }

  private static Items.Columns columns(Task task, String label, String... metadata) {
    return new Items.Columns(Optional.empty(), Optional.ofNullable(task), Optional.empty(), Optional.ofNullable(label), Optional.empty(),
        List.of(metadata), ";");
  }

  @Test
  void aTableOfLabelsWithMetadata() throws IOException {
    Items items = read("a.csv", "image,label,site\nx.png,a,s1\ny.png,b,\n", columns(null, null, "site"));
    assertEquals(Layout.CSV, items.layout());
    assertEquals(Task.MULTICLASS, items.task());
    assertEquals(List.of(List.of("a"), List.of("b")), items.items().stream().map(Item::labels).toList());
    assertEquals(List.of(List.of("s1"), List.of("")), items.items().stream().map(Item::metadata).toList());
    assertEquals(List.of(), problems);
  }

  @Test
  void labelsOfACellAreSeparated() throws IOException {
    Items items = read("a.csv", "image,findings\nx.png,a; b;a\ny.png,\n", columns(Task.MULTILABEL, "findings"));
    assertEquals(List.of(List.of("a", "b"), List.of()), items.items().stream().map(Item::labels).toList());
    Items arrays = read("a.jsonl", "{\"image\": \"x\", \"label\": [\"a\", \"b\"]}\n", columns(Task.MULTILABEL, null));
    assertEquals(List.of("a", "b"), arrays.items().getFirst().labels());
  }

  @Test
  void theOfficialListOfClasses() throws IOException {
    String text = "{\"label_set\": [\"No Finding\", \"\", \"Pneumothorax\"], \"annotations\": [{\"image\": [\"/p/x.png\", \"/p/y.png\"], \"id\": 4,"
        + " \"label_text\": \"Pneumothorax\", \"label_idx\": [1], \"label\": [\"Pneumothorax\"]}]}";
    Items items = read("s.json", text, Items.Columns.DEFAULT);
    assertEquals(Layout.SIIM_ACR, items.layout());
    assertEquals(List.of("No Finding", "Pneumothorax"), items.labels());
    assertEquals("/p/x.png", items.items().getFirst().image());
    assertEquals(List.of("Pneumothorax"), items.items().getFirst().labels());
    Items several = read("s.json", text.replace("[\"Pneumothorax\"]", "[\"Pneumothorax\", \"No Finding\"]"), columns(Task.MULTILABEL, null));
    assertEquals("p/x.png", several.items().getFirst().image());
    assertEquals(List.of("Pneumothorax", "No Finding"), several.items().getFirst().labels());
  }

  @Test
  void theOfficialTableOfConcepts() throws IOException {
    Items items = read("meta_test.csv", DERM7PT + "7,bcc,0,0,0,1,0,0,0,1,male,NEL/Nel040.jpg,NEL/Nel041.jpg\n"
        + "8,bcc,0,0,0,1,0,2,0,1,male,NEL/Nel042.jpg,NEL/Nel043.jpg\n", columns(null, null, "sex"));
    assertEquals(Layout.DERM7PT, items.layout());
    assertEquals(Task.ANNOTATION, items.task());
    assertEquals(Layout.DERM7PT_CONCEPTS, items.labels());
    Item first = items.items().getFirst();
    assertEquals(new Item(first.where(), 1, "NEL/Nel041.jpg", List.of("pigmentation", "vascular structures"), "", List.of("male")), first);
    assertEquals(1, items.items().size());
    assertEquals(1, items.refused());
    assertTrue(problems.getFirst().endsWith("row 2 (line 3): column \"dots_and_globules\" is \"2\", expected 0 or 1"), problems.toString());
  }

  @Test
  void theOfficialPairsOfImageAndCaption() throws IOException {
    Items items = read("q.jsonl", "{\"image\": \"a.jpg\", \"id\": \"1\", \"split\": \"val\", \"caption\": \"Cells have dark nuclei.\"}\n",
        Items.Columns.DEFAULT);
    assertEquals(Task.RETRIEVAL, items.task());
    assertEquals("Cells have dark nuclei.", items.items().getFirst().text());
  }

  @Test
  void rowsThatLackSomethingCostThemselves() throws IOException {
    Items items = read("a.csv", "image,label\n,a\ny.png,b\nz.png,\n", Items.Columns.DEFAULT);
    assertEquals(1, items.items().size());
    assertEquals(2, items.refused());
    assertEquals(2, problems.size());
    assertTrue(problems.get(0).contains("row 1 (line 2): column \"image\" is empty"), problems.toString());
  }

  @Test
  void tablesThatCannotServeAreRefused() {
    assertTrue(refusal("a.csv", "image,label\n", Items.Columns.DEFAULT).contains("no row of data"));
    assertTrue(refusal("a.csv", "file,label\nx,y\n", Items.Columns.DEFAULT).contains("--image-column \"image\": there is no such column"));
    assertTrue(refusal("a.csv", "image,label\nx,y\n", columns(null, "finding")).contains("expected one of: image, label"));
    assertTrue(refusal("a.csv", "image,label\nx,y\n", columns(Task.RETRIEVAL, null)).contains("--text-column \"caption\""));
    assertTrue(refusal("a.csv", "image,label\nx,y\n", columns(null, null, "sex")).contains("--group \"sex\""));
  }

  private String refusal(String name, String content, Items.Columns columns) {
    return assertThrows(BadInputException.class, () -> read(name, content, columns)).getMessage();
  }
}
