package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are there whole or not at all. */
class WholeFileTest {
  @TempDir Path folder;

  @Test
  void aFileAppearsWhenItIsWholeAndAFailureLeavesTheOldOne() throws IOException {
    Path target = folder.resolve("a b\n.txt");
    WholeFile.write(target, out -> {
      out.write('1');
      assertEquals(1, list().size());
      assertEquals(List.of(), list().stream().filter(target::equals).toList());
    });
    assertEquals("1", Files.readString(target));
    assertThrows(IOException.class, () -> WholeFile.write(target, out -> {
      out.write('2');
      throw new IOException("No space left on device");
    }));
    assertEquals("1", Files.readString(target));
    assertEquals(List.of(target), list());
    WholeFile.write(target, out -> out.write('3'));
    assertEquals("3", Files.readString(target));
  }

  @Test
  void sweepingAFolderThatIsNotThereIsNoFailure() {
    WholeFile.sweep(folder.resolve("absent"));
    assertEquals(List.of(), list());
  }

  private List<Path> list() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
