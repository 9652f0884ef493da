package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Files of results, whatever people call their images and concepts. */
class FileStemsTest {
  @Test
  void aStemIsTheNameWithoutItsEnding() {
    assertEquals("chest", FileStems.stem("scans/a.b/chest.png"));
    assertEquals("scan.nii", FileStems.stem("scan.nii.png"));
    assertEquals("chest", FileStems.stem("chest"));
    assertEquals(".hidden", FileStems.stem("x/.hidden"));
  }

  @Test
  void equalNamesAreNumbered() {
    FileStems stems = new FileStems(List.of("scores.csv"));
    assertEquals("a", stems.next("a"));
    assertEquals("a-2", stems.next("a"));
    assertEquals("a-3", stems.next("a"));
    assertEquals("a-2-2", stems.next("a-2"));
    assertEquals("scores.csv-2", stems.next("scores.csv"));
    assertEquals("_b", stems.next(".b"));
    assertEquals("_b-2", stems.next("/b"));
  }

  @Test
  void twoConceptsNeverShareAFile() {
    List<String> names = List.of("a/b", "a_b", "a_b-2", "..", "._", "\0", "\n", "x".repeat(300), "x".repeat(301),
        "ü".repeat(300), "\uD800");
    List<String> files = FileStems.of(names);
    assertEquals(names.size(), Set.copyOf(files).size(), files.toString());
    assertEquals("a_b", files.get(1), "a name that can be a file's stays");
    assertEquals("a_b-2", files.get(2));
    for (String file : files) {
      assertTrue(file.getBytes(StandardCharsets.UTF_8).length + ".png".length() <= 255, file);
      assertTrue(!file.contains("/") && !file.startsWith(".") && file.chars().noneMatch(Character::isISOControl), file);
    }
  }

  @Test
  void manyEqualNamesAreNumberedInTime() {
    FileStems stems = new FileStems(List.of());
    for (int i = 0; i < 100_000; i++) {
      stems.next("image");
    }
    assertEquals("image-100001", stems.next("image"));
  }
}
