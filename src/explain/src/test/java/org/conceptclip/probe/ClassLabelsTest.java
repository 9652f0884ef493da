package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Classes, fractions and tables of labels. */
class ClassLabelsTest {
  @TempDir Path folder;

  @Test
  void theShuffleIsNumPys() {
    JsonObject orders = ProbeFixture.json("shuffle");
    for (String count : orders.keySet()) {
      int[] expected = Arrays.stream(ProbeFixture.numbers(orders.get(count))).mapToInt(number -> (int) number).toArray();
      assertArrayEquals(expected, NumpyShuffle.order(Integer.parseInt(count), 42), count);
    }
    int[] tenth = ClassLabels.fraction(1000, 1);
    assertEquals(10, tenth.length);
    assertEquals((int) ProbeFixture.numbers(orders.get("1000"))[9], tenth[9]);
    assertEquals(0, ClassLabels.fraction(99, 1).length);
    assertEquals(33, ClassLabels.fraction(33, 100).length);
  }

  @Test
  void classesAreInTheOrderOfNumPysUnique() {
    ClassLabels texts = ClassLabels.of(List.of("b", "a10", "a9", "b", "Z"));
    assertEquals(List.of("Z", "a10", "a9", "b"), texts.names());
    assertArrayEquals(new int[] {3, 1, 2, 3, 0}, texts.classes());
    assertArrayEquals(new int[] {1, 1, 1, 2}, texts.counts());
    assertEquals(List.of("-1", "9", "10"), ClassLabels.of(List.of("10", "9", "-1")).names());
    ClassLabels some = texts.choose(new int[] {1, 4});
    assertEquals(List.of("Z", "a10"), some.names());
    assertArrayEquals(new int[] {1, 0}, some.classes());
  }

  @Test
  void tablesGiveLabels() throws IOException {
    Path file = Files.writeString(folder.resolve("l.csv"), "image,label\nx.png, a \n\"y,z.png\",\"b\"\"c\"\n");
    assertEquals(new LabelTable(List.of("a", "b\"c"), List.of()), LabelTable.read(file, "label"));
    assertEquals(new LabelTable(List.of("a", "b\"c"), List.of("x.png", "y,z.png")), LabelTable.read(file, "label", "image"));
    refused(file, "diagnosis", "--label-column", "\"diagnosis\"", "image, label");
    refused(Files.writeString(folder.resolve("m.csv"), "label,x\na,1\n,2\n"), "label", "row 2", "empty");
    refused(folder.resolve("absent.csv"), "label", "no such file");
    refused(Files.writeString(folder.resolve("e.csv"), ""), "label", "empty");
  }

  private static void refused(Path file, String column, String... words) {
    String message = assertThrows(BadInputException.class, () -> LabelTable.read(file, column)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), "\"" + word + "\" in: " + message);
    }
  }
}
