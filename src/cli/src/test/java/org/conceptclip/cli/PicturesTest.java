package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.batch.ImageInput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which pictures a command takes by which names. */
@Timeout(60)
class PicturesTest {
  @TempDir Path folder;
  private final List<String> lines = new ArrayList<>();
  private Stdin stdin = new Stdin(InputStream.nullInputStream());
  private int problems;

  @Test
  void aFolderStandsForThePicturesInItInTheOrderOfTheirNames() throws IOException {
    files("b.png", "a.JPG", "10.tiff", "9.webp", "B.gif", "notes.txt", "README", "png", "sub/c.png");
    files(".hidden.png", "._a.png", ".git/x.png");
    assertEquals(List.of("10.tiff", "9.webp", "B.gif", "a.JPG", "b.png"), taken(false, folder));
    assertEquals(0, problems);
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(lines.getFirst().contains("skipped 3 files without the name of a picture (the first is " + folder.resolve("README") + ")")
        && lines.getFirst().contains("1 folder (--recursive searches it)"), lines.getFirst());
    lines.clear();
    assertEquals(List.of("10.tiff", "9.webp", "B.gif", "a.JPG", "b.png", "sub/c.png"), taken(true, folder));
    assertFalse(lines.getFirst().contains("--recursive"), lines.getFirst());
  }

  @Test
  void linksAreFollowedAndLoopsEnd() throws IOException {
    files("data/x/1.png", "data/x/y/2.png", "elsewhere/3.png");
    Files.createSymbolicLink(folder.resolve("data/x/y/up"), Path.of("../.."));
    Files.createSymbolicLink(folder.resolve("data/x/self"), Path.of("."));
    Files.createSymbolicLink(folder.resolve("data/more"), folder.resolve("elsewhere"));
    Files.createSymbolicLink(folder.resolve("data/gone.png"), Path.of("nowhere.png"));
    // The link to nothing is left to the decoder, which says so and fails that picture.
    assertEquals(List.of("data/gone.png", "data/more/3.png", "data/x/1.png", "data/x/y/2.png"), taken(true, folder.resolve("data")));
    assertEquals(0, problems);
  }

  @Test
  void placesWithoutPicturesAreProblems() throws IOException {
    files("texts/a.txt", "deep/er/1.png");
    Files.createDirectory(folder.resolve("empty"));
    assertEquals(List.of(), taken(false, folder.resolve("texts"), folder.resolve("deep"), folder.resolve("empty")));
    assertEquals(3, problems);
    assertTrue(lines.get(0).contains("texts: is a directory without pictures, with 1 file without"), lines.get(0));
    assertTrue(lines.get(1).contains("deep: is a directory without pictures, with 1 folder (--recursive searches it)"), lines.get(1));
    assertTrue(lines.get(2).contains("empty: is a directory without pictures, expected"), lines.get(2));
  }

  @Test
  void aFolderThatCannotBeReadIsCountedAndTheOthersFollow() throws IOException {
    files("a.png");
    Pictures pictures = new Pictures(true, stdin, lines::add).named(List.of(folder));
    pictures.open(PictureFolder.named(folder.resolve("vanished")));
    assertEquals(List.of("a.png"), names(pictures));
    assertEquals(1, pictures.problems());
    assertTrue(lines.getFirst().contains("vanished: cannot be read (no such file or folder)"), lines.getFirst());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
    "*.png | a.png b.png",
    "?.png | a.png b.png",
    "[b-c].* | b.jpg b.png",
    "b.{jpg,png} | b.jpg b.png",
    ".*.png | .h.png",
    "s*/*.png | sub/1.png",
    "**/*.png | a.png b.png deep/er/2.png sub/1.png",
    "deep/** | deep/er/2.png",
    "s*b | sub/1.png",
    "[x].png | [x].png",
    "nothing*.png | ''",
    "[ | ''",
  })
  void patternsAreExpandedWhereTheShellDidNot(String pattern, String expected) throws IOException {
    files("a.png", "b.png", "b.jpg", ".h.png", "sub/1.png", "deep/er/2.png", ".git/3.png");
    if (pattern.equals("[x].png")) {
      // A file of this very name comes before what the pattern matches.
      files("[x].png", "x.png");
    }
    List<String> found = taken(false, folder.resolve(pattern));
    assertEquals(List.of(expected.split(" ")).stream().filter(name -> !name.isEmpty()).sorted().toList(), found.stream().sorted().toList());
    assertEquals(expected.isEmpty() ? 1 : 0, problems, lines::toString);
  }

  @Test
  void namesThatAreNotThereAreLeftToTheDecoder() {
    assertEquals(List.of("absent.png"), taken(false, folder.resolve("absent.png")));
  }

  @ParameterizedTest
  @CsvSource({"-", "/dev/stdin", "/dev/fd/0"})
  void stdinIsOnePicture(String name) {
    stdin = new Stdin(new ByteArrayInputStream(new byte[] {1, 2, 3}));
    Pictures pictures = new Pictures(false, stdin, lines::add).named(List.of(Path.of(name), Path.of("-")));
    ImageInput.Encoded picture = (ImageInput.Encoded) pictures.next();
    assertEquals(name, picture.name());
    assertArrayEquals(new byte[] {1, 2, 3}, picture.bytes());
    assertFalse(pictures.hasNext());
    assertTrue(pictures.problems() == 1 && lines.getFirst().contains("stdin holds one thing"), lines::toString);
  }

  @Test
  void listsNameFilesAndFoldersLiterally() throws IOException {
    files("a.png", "*.png", "sub/1.png");
    String text = "\ufeff" + folder.resolve("a.png") + "\r\n\r\n" + folder.resolve("*.png") + "\n" + folder.resolve("sub");
    Path list = Files.writeString(folder.resolve("list.txt"), text);
    assertEquals(List.of("a.png", "*.png", "sub/1.png"), listed(NameList.open(list, stdin)));
    stdin = new Stdin(new ByteArrayInputStream(text.replace("\r\n", "\0").replace("\n", "\0").getBytes(StandardCharsets.UTF_8)));
    assertEquals(List.of("a.png", "*.png", "sub/1.png"), listed(NameList.open(Path.of("-"), stdin)));
  }

  @Test
  void aListMayBeLongAndHoldAnything() throws IOException {
    String many = String.join("\n", IntStream.range(0, 50_000).mapToObj(i -> "/nowhere/" + i + ".png").toList());
    Pictures pictures = pictures(many.getBytes(StandardCharsets.UTF_8));
    int count = 0;
    while (pictures.hasNext()) {
      assertEquals("/nowhere/" + count++ + ".png", pictures.next().name());
    }
    assertEquals(50_000, count);

    pictures = pictures(new byte[] {'a', '\n', (byte) 0xe9, '\n', 'b'});
    assertEquals(List.of("a", "b"), Stream.of(pictures.next(), pictures.next()).map(ImageInput::name).toList());
    assertFalse(pictures.hasNext());
    assertTrue(pictures.problems() == 1 && lines.getFirst().contains("name 2: not UTF-8"), lines::toString);

    pictures = pictures(new byte[1 << 20]);
    assertFalse(pictures.hasNext());
    byte[] endless = "x".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
    pictures = pictures(endless);
    assertFalse(pictures.hasNext());
    assertEquals(1, pictures.problems());
  }

  private Pictures pictures(byte[] list) {
    return new Pictures(false, stdin, lines::add).listed(NameList.open(Path.of("-"), new Stdin(new ByteArrayInputStream(list))));
  }

  private List<String> listed(NameList list) {
    return names(new Pictures(false, stdin, lines::add).listed(list));
  }

  private List<String> taken(boolean recursive, Path... names) {
    Pictures pictures = new Pictures(recursive, stdin, lines::add).named(List.of(names));
    List<String> taken = names(pictures);
    problems = pictures.problems();
    return taken;
  }

  private List<String> names(Pictures pictures) {
    List<String> names = new ArrayList<>();
    while (pictures.hasNext()) {
      names.add(folder.relativize(Path.of(pictures.next().name())).toString());
      assertTrue(names.size() < 100, "pictures without end");
    }
    return names;
  }

  private void files(String... names) throws IOException {
    for (String name : names) {
      Files.createDirectories(folder.resolve(name).getParent());
      Files.writeString(folder.resolve(name), "x");
    }
  }
}
