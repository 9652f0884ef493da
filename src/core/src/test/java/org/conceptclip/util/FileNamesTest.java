package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of any bytes, in this process and in one whose locale knows ASCII alone. */
class FileNamesTest {
  private static final String LATIN = "lat\uDCE9in \uDCFF\uDC80.png";
  private static final List<String> NAMES =
      List.of("plain.png", "Schädel µm.png", "\uFFFD.png", "皮膚 \uD83D\uDE00.png", LATIN, "-x%41\n.png");

  @TempDir Path folder;

  @Test
  void validUtf8IsText() {
    for (String text : List.of("", "a%b", "Schädel", "皮膚 \uD83D\uDE00", "\uFFFD", "\0\n")) {
      assertEquals(text, FileNames.decode(text.getBytes(StandardCharsets.UTF_8)));
      assertFalse(FileNames.isRaw(text));
    }
    assertEquals(LATIN, FileNames.decode("lat\u00e9in \u00ff\u0080.png".getBytes(StandardCharsets.ISO_8859_1)));
    assertTrue(FileNames.isRaw(LATIN));
    // A surrogate in UTF-8, an overlong form, and a character that ends early.
    assertEquals("\uDCED\uDCB2\uDC80\uDCC0\uDCAF\uDCE7\uDC9A", FileNames.decode(bytes(0xED, 0xB2, 0x80, 0xC0, 0xAF, 0xE7, 0x9A)));
  }

  @Test
  void anyBytesLeadToTheirFile() throws IOException {
    Random random = new Random(11);
    for (int i = 0; i < 300; i++) {
      byte[] name = new byte[1 + random.nextInt(12)];
      random.nextBytes(name);
      for (int at = 0; at < name.length; at++) {
        if (name[at] == 0 || name[at] == '/' || name[at] == '.') {
          name[at] = 'x';
        }
      }
      String text = FileNames.decode(name);
      Path relative = FileNames.path("../a//" + text);
      assertFalse(relative.isAbsolute());
      assertEquals(3, relative.getNameCount());
      assertEquals("../a/" + text, FileNames.text(relative));
      Path absolute = FileNames.path("/" + text);
      assertEquals("/" + text, FileNames.text(absolute));
      assertEquals(absolute, Path.of("/").resolve(FileNames.path(text)));
    }
    Path file = Files.createFile(folder.resolve(FileNames.path(LATIN)));
    try (Stream<Path> found = Files.list(folder)) {
      assertEquals(List.of(file), found.toList());
    }
    assertEquals(folder + "/" + LATIN, FileNames.text(file));
    assertEquals(file, FileNames.path(FileNames.text(file)));
  }

  @Test
  void messagesShowRawBytes() {
    assertEquals("a/lat\\xE9in \\xFF\\x80.png", FileNames.readable(FileNames.path("a/" + LATIN)));
    assertEquals("lat\\xE9in \\xFF\\x80.png", OneLine.of(LATIN));
    assertEquals("?", OneLine.of("\uD800"), "half of a character is no byte");
    assertEquals("a  b\n", FileNames.readable(Path.of("a  b\n")), "as it was given");
  }

  @Test
  void whatIsNoNameIsRefused() {
    for (String none : List.of("a\0b", "\uDCE9\0", "\uD800\uDCE9\uD800")) {
      assertThrows(InvalidPathException.class, () -> FileNames.path(none));
    }
    assertEquals(Path.of(""), FileNames.path(""));
  }

  /** Also names that came from a walk, and an image decoder's message. */
  @Test
  void theLocaleDoesNotMatter() throws Exception {
    for (String name : NAMES) {
      Files.writeString(folder.resolve(FileNames.path(name)), "content of " + name.length());
    }
    for (String locale : List.of("C", "C.UTF-8", "xx_XX.UTF-8")) {
      Path out = Files.createTempFile("names", ".txt");
      try {
        ProcessBuilder child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Walker.class.getName(), folder.toString()).redirectErrorStream(true).redirectOutput(out.toFile());
        child.environment().put("LC_ALL", locale);
        Process process = child.start();
        try {
          assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the child hangs");
        } finally {
          process.destroyForcibly();
        }
        assertEquals(String.join("\n", NAMES.stream().map(OneLine::of).sorted().toList()) + "\n", Files.readString(out), locale);
      } finally {
        Files.delete(out);
      }
    }
  }

  /** Opens every file of a folder by the path that it was found by, and by the text of that. */
  static final class Walker {
    private Walker() {}

    public static void main(String[] args) throws IOException {
      try (Stream<Path> files = Files.list(Path.of(args[0]))) {
        List<String> lines = files.map(Walker::check).sorted().toList();
        System.out.write((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
        System.out.flush();
      }
    }

    private static String check(Path file) {
      String name = FileNames.text(file.getFileName());
      try {
        Path again = FileNames.path(FileNames.text(file));
        assertEquals(file, again);
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
        assertEquals("content of " + name.length(), Files.readString(again));
      } catch (IOException e) {
        return name + ": " + e;
      }
      return OneLine.of(FileNames.readable(file.getFileName()));
    }
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
