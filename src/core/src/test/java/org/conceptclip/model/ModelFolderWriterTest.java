package org.conceptclip.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SequencedMap;
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
