package org.conceptclip.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path folder;

  @Test
  void everyTypeAndShapeSurvivesTheRoundTrip() throws IOException {
    Random random = new Random(7);
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    for (DType type : DType.values()) {
      for (long[] extents : new long[][] {{}, {1}, {3, 5}, {2, 0, 4}, {2, 3, 1, 7}}) {
        Shape shape = Shape.of(extents);
        byte[] bytes = new byte[(int) shape.elements() * type.bytes()];
        random.nextBytes(bytes);
        tensors.put(type + " \"\\\u00e9\n" + shape, HostTensor.view(type, shape, MemorySegment.ofArray(bytes)));
      }
    }
    Path path = folder.resolve("all.safetensors");
    SafetensorsWriter.write(path, tensors);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(tensors.keySet(), file.tensors().keySet());
      tensors.forEach((name, tensor) -> {
        try (TensorLoan loan = file.read(name)) {
          assertEquals(tensor.dtype(), loan.tensor().dtype(), name);
          assertEquals(tensor.shape(), loan.tensor().shape(), name);
          assertEquals(-1, tensor.data().mismatch(loan.tensor().data()), name);
        }
      });
    }
    assertEquals(0, headerBytes(path) % 8, "data is aligned to 8 bytes");
    assertEquals(List.of(path), contents());
  }

  @Test
  void dataMayComeInPieces() {
    Path path = folder.resolve("pieces.safetensors");
    SequencedMap<String, SafetensorsWriter.Spec> specs = new LinkedHashMap<>();
    specs.put("empty", new SafetensorsWriter.Spec(DType.F32, Shape.of(0)));
    specs.put("none", new SafetensorsWriter.Spec(DType.F32, Shape.of(3, 0)));
    specs.put("x", new SafetensorsWriter.Spec(DType.U8, Shape.of(5)));
    specs.put("y", new SafetensorsWriter.Spec(DType.U8, Shape.of(1)));
    specs.put("last", new SafetensorsWriter.Spec(DType.F32, Shape.of(0)));
    SafetensorsWriter.write(path, specs, Map.of("k", "v"), (name, sink) -> {
      switch (name) {
        case "x" -> {
          sink.append(bytes(1, 2));
          sink.append(bytes(3, 4, 5));
        }
        case "y" -> sink.append(bytes(6));
        default -> { }
      }
    });
    try (SafetensorsFile file = SafetensorsFile.open(path);
        TensorLoan x = file.read("x")) {
      assertEquals(Map.of("k", "v"), file.metadata());
      assertArrayEquals(new byte[] {1, 2, 3, 4, 5}, x.tensor().data().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void tooMuchOrTooLittleDataIsAnErrorThatKeepsTheOldFile() throws IOException {
    Path path = folder.resolve("kept.safetensors");
    SafetensorsWriter.write(path, new LinkedHashMap<>(Map.of("a", HostTensor.of(new float[] {1}, 1))));
    byte[] before = Files.readAllBytes(path);
    SequencedMap<String, SafetensorsWriter.Spec> specs = new LinkedHashMap<>(Map.of("a", new SafetensorsWriter.Spec(DType.U8, Shape.of(2))));
    for (MemorySegment wrong : List.of(bytes(), bytes(1), bytes(1, 2, 3))) {
      assertThrows(
          IllegalStateException.class,
          () -> SafetensorsWriter.write(path, specs, Map.of(), (name, sink) -> sink.append(wrong)));
      assertEquals(List.of(path), contents());
      assertArrayEquals(before, Files.readAllBytes(path));
    }
  }

  @Test
  void anUnfinishedFileLeavesNothingAndKeepsTheOldOne() throws IOException {
    Path path = folder.resolve("kept.safetensors");
    SequencedMap<String, HostTensor> one = new LinkedHashMap<>(Map.of("a", HostTensor.of(new float[] {1}, 1)));
    SafetensorsWriter.write(path, one);
    byte[] before = Files.readAllBytes(path);
    SequencedMap<String, SafetensorsWriter.Spec> specs = new LinkedHashMap<>(Map.of("a", new SafetensorsWriter.Spec(DType.F32, Shape.of(1))));
    assertThrows(UnsupportedOperationException.class, () -> SafetensorsWriter.write(path, specs, Map.of(), (name, sink) -> {
      assertEquals(2, contents().size());
      throw new UnsupportedOperationException();
    }));
    assertEquals(List.of(path), contents());
    assertArrayEquals(before, Files.readAllBytes(path));
  }

  @Test
  void placesThatCannotBeWrittenAreNamed() {
    SequencedMap<String, HostTensor> one = new LinkedHashMap<>(Map.of("a", HostTensor.of(new float[] {1}, 1)));
    Path nowhere = folder.resolve("none/x.safetensors");
    assertEquals(
        nowhere + ": cannot be written (its folder does not exist), expected a place to write to",
        assertThrows(BadInputException.class, () -> SafetensorsWriter.write(nowhere, one)).getMessage());
    assertEquals(
        folder + ": is a folder, expected a file to write",
        assertThrows(BadInputException.class, () -> SafetensorsWriter.write(folder, one)).getMessage());
  }

  @Test
  void aDiskThatRefusesIsAnErrorWithoutHalfAFile() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no shell to start a process with a limit on file size");
    // A limit on the size of files makes writes fail half way, as a full disk does.
    Process process =
        new ProcessBuilder("/bin/sh", "-c", "ulimit -f 200 && exec \"$@\"", "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:-UsePerfData", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                WriteOneMegabyte.class.getName(), folder.resolve("x.safetensors").toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(3, process.waitFor(), output);
    assertTrue(output.contains("x.safetensors: cannot be written (") && output.lines().count() == 1, output);
    assertEquals(List.of(), contents());
  }

  /** Runs in a process of its own. */
  static final class WriteOneMegabyte {
    public static void main(String[] arguments) {
      try {
        SafetensorsWriter.write(Path.of(arguments[0]), new LinkedHashMap<>(Map.of("a", HostTensor.of(new float[1 << 18], 1 << 18))));
      } catch (BadInputException e) {
        System.out.println(e.getMessage());
        System.exit(3);
      }
    }
  }

  private List<Path> contents() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(files.toList());
    }
  }

  private static long headerBytes(Path path) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private static MemorySegment bytes(int... values) {
    MemorySegment segment = Arena.ofAuto().allocate(values.length);
    for (int i = 0; i < values.length; i++) {
      segment.set(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
    }
    return segment;
  }
}
