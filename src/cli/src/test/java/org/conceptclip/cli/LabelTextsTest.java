package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.conceptclip.task.Labels;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Labels are exactly what was typed. */
@Timeout(60)
class LabelTextsTest {
  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();

  static Stream<Arguments> typed() {
    return Stream.of(
        Arguments.of("a,b", List.of("a", "b")),
        Arguments.of(" a , b ", List.of("a", "b")),
        Arguments.of("chest X-ray,\"effusion, small\",brain MRI", List.of("chest X-ray", "effusion, small", "brain MRI")),
        Arguments.of("\"a \"\"b\"\"\" , c", List.of("a \"b\"", "c")),
        Arguments.of("5\" needle,\"x\"", List.of("5\" needle", "x")),
        Arguments.of("a\nb\r\nc\n", List.of("a", "b", "c")),
        Arguments.of("\ufeffa,b", List.of("a", "b")),
        Arguments.of("\"@home\",b", List.of("@home", "b")),
        Arguments.of("Lungenödem µm,皮膚", List.of("Lungenödem µm", "皮膚")));
  }

  @ParameterizedTest
  @MethodSource("typed")
  void onTheCommandLine(String argument, List<String> expected) {
    assertEquals(expected, labels(argument));
    assertEquals(List.of(), notes);
  }

  static Stream<Arguments> files() {
    return Stream.of(
        Arguments.of("l.txt", "\ufeffchest X-ray\r\nskin, lesion\r\n\r\n", List.of("chest X-ray", "skin, lesion")),
        Arguments.of("l.txt", "a\rb\n  c  ", List.of("a", "b", "c")),
        Arguments.of("l.txt", "\"effusion, small\"\n\"a \"\"b\"\"\",,\n5\" needle", List.of("effusion, small", "a \"b\"", "5\" needle")),
        Arguments.of("l.txt", "label\na", List.of("label", "a")),
        Arguments.of("l.csv", "a\n\"b, c\"\nd,,\n,\n", List.of("a", "b, c", "d")));
  }

  @ParameterizedTest
  @MethodSource("files")
  void inAFile(String name, String text, List<String> expected) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    assertEquals(expected, labels("@" + file));
    assertEquals(List.of(), notes);
  }

  @Test
  void aHeaderOfAColumnIsSkippedAndSaid() throws IOException {
    Path file = Files.writeString(folder.resolve("l.CSV"), "\ufeffLabel,\r\na,\r\nb,\r\n");
    assertEquals(List.of("a", "b"), labels("@" + file));
    assertTrue(notes.size() == 1 && notes.getFirst().contains("\"Label\"") && notes.getFirst().contains("header"), notes::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"@-", "@/dev/stdin"})
  void onStdin(String argument) {
    Stdin stdin = new Stdin(new ByteArrayInputStream("\ufeffa\nb, c\n".getBytes(StandardCharsets.UTF_8)));
    assertEquals(List.of("a", "b, c"), LabelTexts.of(argument, stdin, notes::add));
  }

  @Test
  void charactersThatNobodySeesAreKeptAndSaid() {
    assertEquals(List.of("chest\u00a0X-ray", "brain\u200bMRI", "می\u200cخواهم"), labels("chest\u00a0X-ray,brain\u200bMRI,می\u200cخواهم"));
    assertEquals(2, notes.size(), notes::toString);
    assertTrue(notes.get(0).contains("U+00A0 no-break space") && notes.get(1).contains("U+200B zero width space"), notes::toString);
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("", "is empty"), Arguments.of("a,", "label 2 of 2 is empty"), Arguments.of("a,\"\"", "label 2 of 2 is empty"),
        Arguments.of("\"a", "quote does not end"), Arguments.of("\"T2\" lesion,b", "text follows its closing quote"),
        Arguments.of("a, a", "\"a\" appears twice"), Arguments.of("@", "expected"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatIsNoListOfLabelsIsRefused(String argument, String words) {
    String message = assertThrows(BadInputException.class, () -> labels(argument)).getMessage();
    assertTrue(message.contains(words) && message.contains("expected"), message);
  }

  static Stream<Arguments> refusedFiles() {
    return Stream.of(
        Arguments.of("l.txt", bytes("a\nb", StandardCharsets.UTF_16), "is UTF-16 text"),
        Arguments.of("l.txt", bytes("\ufeffa\nb", StandardCharsets.UTF_16LE), "is UTF-16 text"),
        Arguments.of("l.txt", bytes("\ufeffa", Charset.forName("UTF-32LE")), "is UTF-32 text"),
        Arguments.of("l.txt", bytes("a\nb", StandardCharsets.UTF_16LE), "line 1 holds a zero byte"),
        Arguments.of("l.txt", bytes("a\nÖdem", StandardCharsets.ISO_8859_1), "line 2 holds bytes that are not UTF-8"),
        Arguments.of("l.txt", bytes("a\n\"b\",\"c\"", StandardCharsets.UTF_8), "line 2: found 2 columns"),
        Arguments.of("l.csv", bytes("0,a\n1,b", StandardCharsets.UTF_8), "row 1: found 2 columns"),
        Arguments.of("l.csv", bytes(",a\n,b", StandardCharsets.UTF_8), "row 1: found 2 columns"),
        Arguments.of("l.txt", new byte[0], "found none"));
  }

  private static byte[] bytes(String text, Charset charset) {
    return text.getBytes(charset);
  }

  @ParameterizedTest
  @MethodSource("refusedFiles")
  void aFileThatIsNoListOfLabelsIsRefused(String name, byte[] content, String words) throws IOException {
    Path file = Files.write(folder.resolve(name), content);
    String message = assertThrows(BadInputException.class, () -> labels("@" + file)).getMessage();
    assertTrue(message.contains(words) && message.contains("expected"), message);
  }

  @Test
  void aFileOfGigabytesIsNotRead() throws IOException {
    Path huge = folder.resolve("huge.txt");
    try (FileChannel channel = FileChannel.open(huge, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
      channel.write(ByteBuffer.wrap(new byte[] {'a'}), 8L << 30);
    }
    String message = assertThrows(BadInputException.class, () -> labels("@" + huge)).getMessage();
    assertTrue(message.contains("more than 16 MiB"), message);
    assertTrue(assertThrows(BadInputException.class, () -> labels("@" + folder)).getMessage().contains("is a folder"));
  }

  private List<String> labels(String argument) {
    return Labels.checked(LabelTexts.of(argument, new Stdin(InputStream.nullInputStream()), notes::add));
  }
}
