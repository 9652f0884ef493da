package org.conceptclip.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NpyTest {
  @TempDir Path folder;

  /** {@code numpy.save} of {@code numpy.array([[0, 0.5, 1], [1.5, 2, 2.5]], '<f4')}, NumPy 1.24. */
  @Test
  void filesAreThoseOfNumPy() throws Exception {
    String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    byte[] expected = HexFormat.of().parseHex("934e554d505901007600" + HexFormat.of().formatHex((header + " ".repeat(117 - header.length())
        + "\n").getBytes(StandardCharsets.ISO_8859_1)) + "000000000000003f0000803f0000c03f0000004000002040");
    Path file = folder.resolve("a.npy");
    Npy.write(file, HostTensor.of(new float[] {0, 0.5f, 1, 1.5f, 2, 2.5f}, 2, 3));
    byte[] written = Files.readAllBytes(file);
    assertEquals(0, (written.length - 24) % 64, "elements are aligned");
    // NumPy pads to 128 bytes here, and reads any padding.
    assertArrayEquals(Arrays.copyOfRange(expected, 128, 152), Arrays.copyOfRange(written, written.length - 24, written.length));
    Files.write(file, expected);
    HostTensor read = Npy.read(file);
    assertEquals("[2, 3]", read.shape().toString());
    assertArrayEquals(new float[] {0, 0.5f, 1, 1.5f, 2, 2.5f}, read.toFloatArray());
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F16", "F32", "F64", "I32", "I64", "U8"})
  void whatIsWrittenIsRead(DType type) {
    Path file = folder.resolve("b.npy");
    for (long[] shape : new long[][] {{3}, {0, 4}, {2, 1, 3}, {1}}) {
      HostTensor tensor = HostTensor.allocate(Arena.ofAuto(), type, shape);
      for (int i = 0; i < tensor.byteSize(); i++) {
        tensor.data().set(ValueLayout.JAVA_BYTE, i, (byte) (i + 1));
      }
      Npy.write(file, tensor);
      HostTensor read = Npy.read(file);
      assertEquals(type, read.dtype());
      assertEquals(tensor.shape(), read.shape());
      assertEquals(-1, tensor.data().mismatch(read.data()));
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', value = {
    "descr': '<f4'; descr': '>f4'; elements of type",
    "descr': '<f4'; descr': '<U12'; elements of type",
    "descr': '<f4'; descr': '|O'; elements of type",
    "False; True; column-major",
    "(2, 3); (2, 4); truncated",
    "(2, 3); (2, 2); 24 bytes of elements, expected 16",
    "(2, 3); (2, -3); damaged header",
    "(2, 3); (9999999999, 9999999999); shape",
    "(2, 3); (99999999999999999999,); shape",
    "(2, 3); (4611686018427387904,); shape",
    "'shape'; 'shope'; damaged header",
    "NUMPY; NUMPI; does not begin"
  })
  void damagedFilesAreRefusedInOneLine(String from, String to, String expected) throws Exception {
    Path file = folder.resolve("c.npy");
    Npy.write(file, HostTensor.of(new float[6], 2, 3));
    String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    assertTrue(bytes.contains(from));
    String changed = bytes.replace(from, to);
    // The padding takes what the header grew by.
    int padding = changed.indexOf("}") + 1;
    int grown = changed.length() - bytes.length();
    changed = grown > 0 ? changed.substring(0, padding) + changed.substring(padding + grown) : changed;
    Files.write(file, changed.getBytes(StandardCharsets.ISO_8859_1));
    assertTrue(refusal(file).contains(expected), () -> refusal(file));
  }

  @Test
  void endsOfAnyKindAreRefused() throws Exception {
    Path file = folder.resolve("d.npy");
    Npy.write(file, HostTensor.of(new float[6], 2, 3));
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      refusal(file);
    }
    byte[] longHeader = whole.clone();
    longHeader[6] = 2;
    Arrays.fill(longHeader, 8, 12, (byte) 0xFF);
    Files.write(file, longHeader);
    assertTrue(refusal(file).contains("header of 4294967295 bytes"));
    assertTrue(refusal(folder.resolve("absent.npy")).contains("no such file"));
    refusal(folder);
  }

  private static String refusal(Path file) {
    String message = assertThrows(BadInputException.class, () -> Npy.read(file)).getMessage();
    assertFalse(message.contains("\n"), message);
    assertTrue(message.startsWith(file.toString()), message);
    return message;
  }

  @Test
  void whatNumPyHasNotIsNotWritten() {
    HostTensor unknown = HostTensor.allocate(Arena.ofAuto(), DType.BF16, 2);
    assertThrows(IllegalArgumentException.class, () -> Npy.write(folder.resolve("e.npy"), unknown));
    assertThrows(UncheckedIOException.class, () -> Npy.write(folder.resolve("absent/f.npy"), HostTensor.of(new float[1], 1)));
  }
}
