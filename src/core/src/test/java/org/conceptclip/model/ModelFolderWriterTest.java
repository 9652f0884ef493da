package org.conceptclip.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.Checkpoint;
import org.conceptclip.weights.SyntheticWeights;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelFolderWriterTest {
  private static final Path GOLDEN = Path.of("src/core/src/test/resources/golden/tiny");
  private static final ModelConfig TINY = SyntheticModels.named("synthetic:tiny").orElseThrow();
  private static final SequencedMap<String, Shape> LAYOUT = ModelLayout.of(TINY);

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void aConvertedFolderIsAModelAgain(DType type) throws IOException {
    Path target = folder.resolve("a/b");
    Path companions = Files.createDirectory(folder.resolve("source"));
    Files.writeString(companions.resolve("vocab.txt"), "[PAD]\n");
    Files.writeString(companions.resolve("tokenizer.json"), "{}");
    Files.writeString(companions.resolve("unrelated.bin"), "x");
    try (Checkpoint golden = Checkpoint.open(GOLDEN, LAYOUT)) {
      long bytes = ModelFolderWriter.write(golden, TINY, type, Optional.of(companions), target, false, n -> {});
      assertEquals(Files.size(target.resolve("model.safetensors")), bytes);
    }
    ModelConfigReaderTest.assertSame(TINY, ModelConfigReader.read(target));
    assertEquals("[PAD]\n", Files.readString(target.resolve("vocab.txt")));
    assertEquals("{}", Files.readString(target.resolve("tokenizer.json")));
    assertFalse(Files.exists(target.resolve("unrelated.bin")));
    try (Checkpoint converted = Checkpoint.open(target, LAYOUT);
        SyntheticWeights expected = new SyntheticWeights("synthetic:tiny", LAYOUT)) {
      assertEquals(target + " (116 tensors in " + type + ")", converted.description());
      assertRounded(expected, converted, type);
    }
  }

  @Test
  void foldersThatHoldSomethingAreKept() throws IOException {
    try (SyntheticWeights weights = new SyntheticWeights("synthetic:tiny", LAYOUT)) {
      Path used = Files.createDirectory(folder.resolve("used"));
      Files.writeString(used.resolve("config.json"), "{}");
      assertEquals(used + ": holds config.json already, expected a new or empty folder (convert --force replaces a model)", refusal(weights, used));
      assertEquals("{}", Files.readString(used.resolve("config.json")));
      Path file = Files.writeString(folder.resolve("file"), "x");
      assertEquals(file + ": is a file, expected a folder to write to", refusal(weights, file));
    }
  }

  /** A tokenizer of another model in the target would turn texts into the wrong ids, without a word. */
  @Test
  void replacingAModelLeavesNothingOfIt() throws IOException {
    Path target = Files.createDirectory(folder.resolve("target"));
    for (String file : List.of("config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "preprocessor_config.json")) {
      Files.writeString(target.resolve(file), "of another model");
    }
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwx------"));
    write(target, true);
    assertEquals(List.of("config.json", "model.safetensors"), names(target));
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    assertEquals(List.of("target"), names(folder));
    ModelConfigReaderTest.assertSame(TINY, ModelConfigReader.read(target));
    Checkpoint.open(target, LAYOUT).close();
  }

  @Test
  void whatIsNotAModelIsNeverTouched() throws IOException {
    Path foreign = Files.createDirectory(folder.resolve("foreign"));
    Files.writeString(foreign.resolve("config.json"), "{}");
    Files.writeString(foreign.resolve("thesis.odt"), "x");
    String kept = " and is not a folder that convert has written, so it is kept; expected another folder";
    assertEquals(foreign + ": holds thesis.odt" + kept, refusal(foreign, true));
    assertEquals(List.of("config.json", "thesis.odt"), names(foreign));

    Path vocabulary = Files.createDirectory(folder.resolve("vocabulary"));
    Files.writeString(vocabulary.resolve("vocab.txt"), "x");
    assertEquals(vocabulary + ": holds vocab.txt" + kept, refusal(vocabulary, true));
    assertEquals(
        vocabulary + ": holds vocab.txt already, expected a new or empty folder (convert --force replaces a model)",
        refusal(vocabulary, false));

    Path nested = Files.createDirectory(folder.resolve("nested"));
    Files.createDirectories(nested.resolve("model.safetensors/deep"));
    assertEquals(nested + ": holds model.safetensors" + kept, refusal(nested, true));
    assertEquals(List.of("foreign", "nested", "vocabulary"), names(folder));

    Path inTheWay = Files.createDirectory(folder.resolve("new.convert-partial"));
    Files.writeString(inTheWay.resolve("mine"), "x");
    assertEquals(
        inTheWay + ": holds mine, which no convert has written, so it is kept; move it away", refusal(folder.resolve("new"), false));
    assertEquals(List.of("mine"), names(inTheWay));
  }

  @Test
  void aLinkStaysALinkAndItsFolderIsReplaced() throws IOException {
    Path real = Files.createDirectories(folder.resolve("elsewhere/real"));
    Files.writeString(real.resolve("config.json"), "{}");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere/real"));
    write(link, true);
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(List.of("config.json", "model.safetensors"), names(real));
    assertEquals(List.of("real"), names(folder.resolve("elsewhere")));
    Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), Path.of("gone"));
    assertEquals(dangling + ": is a link to a folder that does not exist, expected a folder to write to", refusal(dangling, true));
    Path linkToFile = Files.createSymbolicLink(folder.resolve("link to file"), Files.writeString(folder.resolve("file"), "x"));
    assertEquals(linkToFile + ": is a file, expected a folder to write to", refusal(linkToFile, true));
    assertEquals(Path.of("/") + ": is the root of the file system, expected a folder to write to", refusal(Path.of("/"), true));
    assertEquals(List.of("dangling", "elsewhere", "file", "link", "link to file"), names(folder));
  }

  /** Links inside the target, as in the cache of Hugging Face, are removed, and what they lead to stays. */
  @Test
  void linksInAReplacedFolderAreNotFollowed() throws IOException {
    Path target = Files.createDirectory(folder.resolve("target"));
    Path blob = Files.writeString(folder.resolve("blob"), "x");
    Files.createSymbolicLink(target.resolve("model.safetensors"), blob);
    write(target, true);
    assertEquals("x", Files.readString(blob));
    assertTrue(Files.isRegularFile(target.resolve("model.safetensors"), LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void aFailureLeavesWhatWasThere() throws IOException {
    Path target = Files.createDirectory(folder.resolve("target"));
    Files.writeString(target.resolve("config.json"), "{}");
    for (Path place : List.of(target, folder.resolve("new/parents/too"))) {
      try (SyntheticWeights weights = new SyntheticWeights("synthetic:tiny", LAYOUT)) {
        assertThrows(UnsupportedOperationException.class, () -> ModelFolderWriter.write(
            weights, TINY, DType.F32, Optional.empty(), place, true, n -> {
              if (n > 100_000) {
                throw new UnsupportedOperationException();
              }
            }));
      }
    }
    assertEquals(List.of("target"), names(folder));
    assertEquals("{}", Files.readString(target.resolve("config.json")));
  }

  @Test
  void twoAtOnceAreOne() throws IOException {
    Path target = folder.resolve("target");
    List<String> refusals = new ArrayList<>();
    try (SyntheticWeights weights = new SyntheticWeights("synthetic:tiny", LAYOUT)) {
      ModelFolderWriter.write(weights, TINY, DType.F32, Optional.empty(), target, false, n -> {
        assertEquals(List.of("target.convert-lock", "target.convert-partial"), names(folder));
        refusals.add(refusal(target, true));
      });
    }
    assertEquals(Set.of(target + ": another convert is writing to it at this moment, expected one at a time"), Set.copyOf(refusals));
    assertEquals(List.of("target"), names(folder));
  }

  /** Every state in which a process that is killed can leave the names beside the target. */
  @Test
  void whatAKilledProcessHasLeftIsClearedUp() throws IOException {
    Path target = folder.resolve("target");
    Path partial = folder.resolve("target.convert-partial");
    Path replaced = folder.resolve("target.convert-replaced");
    Files.createFile(folder.resolve("target.convert-lock"));
    Files.createDirectory(partial);
    Files.writeString(partial.resolve("conceptclip-123-456.partial"), "x");
    Files.writeString(partial.resolve("vocab.txt"), "x");
    write(target, false);
    assertEquals(List.of("target"), names(folder));

    // Between the two renamings: the former model is brought back, so it has to be replaced on purpose.
    Files.move(target, replaced);
    Files.createDirectory(partial);
    Files.writeString(partial.resolve("config.json"), "{}");
    assertEquals(
        target + ": holds model.safetensors already, expected a new or empty folder (convert --force replaces a model)",
        refusal(target, false));
    assertEquals(List.of("target"), names(folder));
    ModelConfigReaderTest.assertSame(TINY, ModelConfigReader.read(target));

    // After them: the former model is only waste.
    Files.createDirectory(replaced);
    Files.writeString(replaced.resolve("model.safetensors"), "x");
    write(target, true);
    assertEquals(List.of("target"), names(folder));
  }

  @Test
  void anInterruptIsNoFaultOfTheFolder() throws IOException {
    try (SyntheticWeights weights = new SyntheticWeights("synthetic:tiny", LAYOUT)) {
      Path target = folder.resolve("target");
      assertThrows(CancellationException.class, () -> ModelFolderWriter.write(
          weights, TINY, DType.F32, Optional.empty(), target, false, n -> Thread.currentThread().interrupt()));
      assertTrue(Thread.interrupted());
    }
    assertEquals(List.of(), names(folder));
  }

  private static void write(Path target, boolean replace) {
    try (SyntheticWeights weights = new SyntheticWeights("synthetic:tiny", LAYOUT)) {
      ModelFolderWriter.write(weights, TINY, DType.F32, Optional.empty(), target, replace, n -> {});
    }
  }

  private static String refusal(Path target, boolean replace) {
    return assertThrows(BadInputException.class, () -> write(target, replace)).getMessage();
  }

  /** The names of everything in a folder, hidden or not. */
  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String refusal(WeightSource weights, Path target) {
    return assertThrows(
            BadInputException.class, () -> ModelFolderWriter.write(weights, TINY, DType.F32, Optional.empty(), target, false, n -> {}))
        .getMessage();
  }

  private static void assertRounded(WeightSource expected, WeightSource found, DType type) {
    double unit = type == DType.F32 ? 0 : type == DType.F16 ? 0x1p-11 : 0x1p-8;
    for (String name : LAYOUT.keySet()) {
      try (TensorLoan a = expected.borrow(name);
          TensorLoan b = found.borrow(name)) {
        HostTensor wanted = a.tensor();
        for (long i = 0; i < wanted.shape().elements(); i++) {
          double error = Math.abs(wanted.getDouble(i) - b.tensor().getDouble(i));
          // Half a unit in the last place; below float16's normal range that unit is 2^-24.
          assertTrue(error <= Math.max(Math.abs(wanted.getDouble(i)) * unit, unit == 0x1p-11 ? 0x1p-25 : 0), name);
        }
      }
    }
  }
}
