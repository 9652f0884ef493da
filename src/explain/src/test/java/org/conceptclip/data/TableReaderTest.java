package org.conceptclip.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableReaderTest {
  @TempDir Path folder;

  private List<Row> rows(String name, byte[] content) {
    try (TableReader table = TableReader.open(Files.write(folder.resolve(name), content), TableFormat.of(Path.of(name)))) {
      List<Row> rows = new ArrayList<>();
      table.forEachRemaining(rows::add);
      return rows;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<Row> rows(String name, String content) {
    return rows(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private String refusal(String name, byte[] content) {
    String message = assertThrows(BadInputException.class, () -> rows(name, content)).getMessage();
    assertTrue(message.contains(name) && message.lines().count() == 1 && message.contains("expected") && message.length() < 700, message);
    return message;
  }

  private void refused(String words, String name, byte[] content) {
    String message = refusal(name, content);
    assertTrue(message.contains(words), () -> words + " in: " + message);
  }

  private void refused(String words, String name, String content) {
    refused(words, name, content.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource({"a.csv, ','", "a.tsv, '\t'", "A.CSV, ','"})
  void separatedValues(String name, String separator) {
    String text = "image,label,note\r\nx.png,\"a, \"\"b\"\"\",\r\n\r\ny.png, c ,\"two\r\nlines\"\nz.png,µ,\uD83D\uDE00".replace(",", separator);
    List<Row> rows = rows(name, "\ufeff" + text.replace("a" + separator, "a,"));
    assertEquals(3, rows.size());
    assertEquals(List.of("x.png", "y.png", "z.png"), rows.stream().map(row -> row.text("image")).toList());
    assertEquals("a, \"b\"", rows.get(0).text("label"));
    assertEquals("c", rows.get(1).text("label"), "blanks around a value mean nothing");
    assertEquals("two\r\nlines", rows.get(1).text("note"));
    assertEquals("\uD83D\uDE00", rows.get(2).text("note"));
    assertEquals(List.of(1L, 2L, 3L), rows.stream().map(Row::number).toList());
    assertEquals(List.of(2L, 4L, 6L), rows.stream().map(Row::line).toList());
    String empty = assertThrows(BadInputException.class, () -> rows.get(0).text("note")).getMessage();
    assertTrue(empty.endsWith(name + ", row 1 (line 2): column \"note\" is empty, expected a value"), empty);
  }

  @Test
  void jsonLines() {
    List<Row> rows = rows("a.jsonl", """
        {"image": "x.png", "label": ["a", "b", 3], "age": 61.50, "left": true, "none": null, "more": {"deep": [1]}}

        {"image": "\\u00b5.png", "label": []}
        """);
    assertEquals(List.of("a", "b", "3"), rows.get(0).texts("label"));
    assertEquals("61.50", rows.get(0).text("age"), "a number is the text that stands there");
    assertEquals("true", rows.get(0).text("left"));
    assertEquals(List.of(), rows.get(0).texts("none"));
    assertEquals(List.of(), rows.get(1).texts("age"));
    assertEquals("µ.png", rows.get(1).text("image"));
    assertEquals(3, rows.get(1).line());
    assertTrue(assertThrows(BadInputException.class, () -> rows.get(0).text("label")).getMessage().contains("holds 3 values"));
    assertTrue(assertThrows(BadInputException.class, () -> rows.get(0).texts("more")).getMessage().contains("holds an object"));
  }

  @Test
  void annotationsAreReadWhereverTheLabelsStand() throws IOException {
    String annotations = "\"annotations\": [{\"image\": \"x.png\", \"label\": [\"a\"]}, {\"image\": [\"y.png\", \"z.png\"]}]";
    for (String text : List.of("{\"label_set\": [\"a\", \"\", \"b\"], " + annotations + "}",
        "{\"about\": [[1], {}], " + annotations + ", \"label_set\": [\"a\", \"b\"]}")) {
      assertEquals(2, rows("a.json", text).size());
      try (TableReader table = TableReader.open(folder.resolve("a.json"), TableFormat.ANNOTATIONS)) {
        assertEquals(List.of("a", "b"), table.labels());
        assertEquals(List.of("image", "label"), table.columns());
      }
    }
    refused("no array", "a.json", "{\"label_set\": []}");
    refused("a.json: it ends in the middle", "a.json", "{\"annotations\": [{\"image\": \"x\"}, {\"image\"");
    refused("not JSON of that form", "a.json", "[1]");
    refused("expected a JSON object", "a.json", "{\"annotations\": 3}");
    refused("expected an array of texts", "a.json", "{\"label_set\": 3, \"annotations\": []}");
    refused("a.json", "a.json", "");
  }

  @Test
  void whatIsNoTableIsRefusedWithItsLine() {
    refused("empty", "a.csv", "");
    refused("a.csv, line 3: 3 fields, expected 2", "a.csv", "a,b\n1,2\n1,2,3\n");
    refused("a.csv, line 4: 1 field, expected 2", "a.csv", "a,b\n1,2\n\n1\n");
    refused("line 2", "a.csv", "a,b\n\"1\" x,2\n");
    refused("a.csv, line 3: a zero byte", "a.csv", "a,b\n1,2\n1,\u0000\n");
    refused("a.csv, line 2: bytes that are not UTF-8", "a.csv", bytes("a,b\n1,", 0xE9, "\n"));
    refused("a.csv, line 3: bytes that are not UTF-8", "a.csv", bytes("a,b\n1,2\n1,", 0xC3, ""));
    refused("zero byte", "a.csv", "a,b\n1,2\n".getBytes(StandardCharsets.UTF_16LE));
    refused("is UTF-16", "a.csv", "\ufeffa,b\n".getBytes(StandardCharsets.UTF_16BE));
    refused("a.jsonl, line 2: key \"a\" appears twice", "a.jsonl", "{\"a\": 1}\n{\"a\": 1, \"a\": 2}");
    refused("a.jsonl, line 2: it ends in the middle", "a.jsonl", "{\"a\": 1}\n{\"a\": 1");
    refused("a.jsonl, line 1: ", "a.jsonl", "{\"a\": 1} {}");
    refused("not JSON", "a.jsonl", "{\"a\": NaN}");
    refused("not JSON of that form", "a.jsonl", "[1, 2]");
    String absent = assertThrows(BadInputException.class, () -> TableReader.open(folder.resolve("absent.csv"), TableFormat.CSV)).getMessage();
    assertTrue(absent.contains("absent.csv: cannot be read (no such file)"), absent);
    assertTrue(assertThrows(BadInputException.class, () -> TableFormat.of(Path.of("x.xlsx"))).getMessage().contains(".csv"));
  }

  @Test
  void valuesWithoutEndAreRefusedInBoundedMemory() {
    refused("a value of more than", "a.csv", "a,b\n1,\"" + "x".repeat(TableReader.LONGEST_FIELD + 9));
    refused("more than", "a.csv", "a,b\n1,\"" + "x\n".repeat(3 << 20));
    refused("maximum limit of 16384 fields", "a.csv", "a,b\n1," + "2,".repeat(3 << 20));
    refused("a row of more than", "a.jsonl", "{\"a\": \"" + "x".repeat(6 << 20));
    refused("a value of more than", "a.jsonl", "{\"a\": \"" + "x".repeat(2 << 20) + "\"}");
    refused("more than", "a.json", "{\"annotations\": [{\"a\": \"" + "x".repeat(6 << 20) + "\"}]}");
  }

  @Test
  void columnsAreAskedForByName() throws IOException {
    Files.writeString(folder.resolve("a.csv"), "image,site,site\nx,1,2\n");
    try (TableReader table = TableReader.open(folder.resolve("a.csv"), TableFormat.CSV)) {
      table.require("--image-column", "image");
      String absent = assertThrows(BadInputException.class, () -> table.require("--group", "sex")).getMessage();
      assertTrue(absent.endsWith("--group \"sex\": there is no such column, expected one of: image, site, site"), absent);
      assertTrue(assertThrows(BadInputException.class, () -> table.require("--group", "site")).getMessage().contains("there are 2 such"));
    }
  }

  @Test
  void aHeaderAloneHasColumnsAndNoRows() throws IOException {
    Files.writeString(folder.resolve("a.csv"), "image,label");
    try (TableReader table = TableReader.open(folder.resolve("a.csv"), TableFormat.CSV)) {
      assertEquals(List.of("image", "label"), table.columns());
      assertFalse(table.hasNext());
    }
  }

  private static byte[] bytes(String before, int one, String after) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(before.getBytes(StandardCharsets.UTF_8));
    bytes.write(one);
    bytes.writeBytes(after.getBytes(StandardCharsets.UTF_8));
    return bytes.toByteArray();
  }
}
