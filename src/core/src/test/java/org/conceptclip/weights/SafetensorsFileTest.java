package org.conceptclip.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule of the format, broken once. */
class SafetensorsFileTest {
  private static final String A = "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // Not an object, or not JSON.
        "|0|header is not a JSON object",
        "[]|0|header is not a JSON object",
        "{|0|header is not a JSON object",
        "{}x|0|header is not a JSON object",
        "{} {}|0|header is not valid JSON at line 1 column",
        "{,}|0|header is not valid JSON at line 1 column",
        "{'a' 1}|0|header is not valid JSON at line 1 column",
        "{a:1}|0|header is not valid JSON at line 1 column",
        "{'a':{'dtype':'F32','shape':[2,],'data_offsets':[0,8]}}|8|header is not valid JSON at line 1 column",
        "{'a':{'dtype':'F32','shape':[02],'data_offsets':[0,8]}}|8|header is not valid JSON at line 1 column",
        "{'a\\u00zz':1}|0|header is not valid JSON at line 1 column",
        // Duplicates.
        "{" + A + "," + A + "}|8|duplicate tensor \"a\"",
        "{'\\u0061':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}," + A + "}|8|duplicate tensor \"a\"",
        "{'a':{'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]}}|8|duplicate key dtype in tensor \"a\"",
        "{'a':{'dtype':'F32','shape':[2],'shape':[2],'data_offsets':[0,8]}}|8|duplicate key shape in tensor \"a\"",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'data_offsets':[0,8]}}|8|duplicate key data_offsets in tensor \"a\"",
        "{'__metadata__':{},'__metadata__':{}," + A + "}|8|duplicate key __metadata__",
        "{'__metadata__':{'k':'1','k':'1'}," + A + "}|8|duplicate metadata key \"k\"",
        // Metadata.
        "{'__metadata__':{'k':1}," + A + "}|8|__metadata__ \"k\" is of kind number, expected a string",
        "{'__metadata__':{'k':null}," + A + "}|8|__metadata__ \"k\" is of kind null, expected a string",
        "{'__metadata__':[]," + A + "}|8|__metadata__ is of kind begin_array, expected an object of strings",
        // Tensor objects.
        "{'a':1}|0|tensor \"a\" is of kind number, expected an object with dtype, shape and data_offsets",
        "{'a':{}}|0|tensor \"a\" lacks dtype",
        "{'a':{'dtype':'F32','data_offsets':[0,8]}}|8|tensor \"a\" lacks shape",
        "{'a':{'dtype':'F32','shape':[2]}}|8|tensor \"a\" lacks data_offsets",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'x':1}}|8|tensor \"a\" has a key \"x\", expected dtype, shape and data_offsets",
        // Types.
        "{'a':{'dtype':'','shape':[2],'data_offsets':[0,8]}}|8|tensor \"a\" has dtype \"\", expected the name of a type",
        "{'a':{'dtype':'F3\\n2','shape':[2],'data_offsets':[0,8]}}|8|tensor \"a\" has dtype \"F3 2\", expected the name of a type",
        "{'a':{'dtype':'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF','shape':[2],'data_offsets':[0,8]}}|8|FFF...\", expected the name of a type",
        "{'a':{'dtype':'C64','shape':[2],'data_offsets':[0,9]}}|8|tensors take 9 bytes, but 8 follow the header (truncated?)",
        "{'a':{'dtype':'C64','shape':[2],'data_offsets':[9,0]}}|8|tensor \"a\" data_offsets end at 0, before their begin 9",
        "{'a':{'dtype':'C64','shape':[4294967296,4294967296],'data_offsets':[0,8]}}|8|size of tensor \"a\" overflows: C64",
        "{'a':{'dtype':7,'shape':[2],'data_offsets':[0,8]}}|8|tensor \"a\" dtype is of kind number, expected a string",
        // Integers.
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}}|8|tensor \"a\" shape has 2.0, expected integers from 0 on",
        "{'a':{'dtype':'F32','shape':[2e0],'data_offsets':[0,8]}}|8|tensor \"a\" shape has 2e0, expected integers from 0 on",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}}|8|tensor \"a\" shape has -2, expected integers from 0 on",
        "{'a':{'dtype':'F32','shape':[-0],'data_offsets':[0,8]}}|8|tensor \"a\" shape has -0, expected integers from 0 on",
        "{'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}}|8|tensor \"a\" shape is of kind string, expected integers",
        "{'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}}|8|tensor \"a\" shape is of kind number, expected an array of integers",
        "{'a':{'dtype':'F32','shape':[9223372036854775808],'data_offsets':[0,8]}}|8|tensor \"a\" shape has 9223372036854775808, expected at most",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,18446744073709551624]}}|8|tensor \"a\" data_offsets has 18446744073709551624, expected at most",
        // Sizes.
        "{'a':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,0]}}|0|size of tensor \"a\" overflows: F32 [4294967296, 4294967296]",
        "{'a':{'dtype':'F64','shape':[2305843009213693952],'data_offsets':[0,0]}}|0|size of tensor \"a\" overflows: F64 [2305843009213693952]",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}|8|tensor \"a\" has 8 bytes of data, expected 12 for F32 [3]",
        "{'a':{'dtype':'F16','shape':[2],'data_offsets':[0,8]}}|8|tensor \"a\" has 8 bytes of data, expected 4 for F16 [2]",
        // Offsets.
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}}|8|tensor \"a\" data_offsets end at 0, before their begin 8",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8]}}|8|tensor \"a\" has 1 data_offsets, expected begin and end",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8,8]}}|8|tensor \"a\" data_offsets has more than 2 entries",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}}|12|data of tensor \"a\" begins at 4, expected 0 (hole)",
        "{" + A + ",'b':{'dtype':'F32','shape':[2],'data_offsets':[12,20]}}|20|data of tensor \"b\" begins at 12, expected 8 (hole)",
        "{" + A + ",'b':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}}|12|data of tensor \"b\" begins at 4, expected 8 (overlap)",
        "{" + A + ",'b':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}|8|data of tensor \"b\" begins at 0, expected 8 (overlap)",
        "{" + A + "}|7|tensors take 8 bytes, but 7 follow the header (truncated?)",
        "{" + A + "}|9|tensors take 8 bytes, but 9 follow the header (expected nothing after them)",
        "{}|1|tensors take 0 bytes, but 1 follow the header",
      })
  void aBrokenHeaderIsRefused(String header, int dataBytes, String expected) throws IOException {
    assertRefused(SafetensorsBytes.file(header == null ? "" : header, dataBytes), expected);
  }

  @Test
  void aWrongLengthFieldIsRefused() throws IOException {
    byte[] header = ("{" + A.replace('\'', '"') + "}").getBytes(StandardCharsets.UTF_8);
    assertRefused(new byte[0], "is empty, expected a safetensors file");
    assertRefused(new byte[7], "file of 7 bytes, expected a safetensors file (at least 8)");
    assertRefused(SafetensorsBytes.withLength(header.length + 9, header, 8), "in a file of " + (header.length + 16) + ", expected at least");
    assertRefused(SafetensorsBytes.withLength((16 << 20) + 1, header, 8), "header length is 16777217, expected at most 16777216");
    assertRefused(SafetensorsBytes.withLength(100_000_000, header, 8), "header length is 100000000, expected at most 16777216");
    assertRefused(SafetensorsBytes.withLength(-1, header, 8), "header length is 18446744073709551615, expected at most 16777216");
    assertRefused(SafetensorsBytes.withLength(Long.MAX_VALUE, header, 8), "header length is 9223372036854775807, expected");
    assertRefused(SafetensorsBytes.withLength(16 << 20, header, 8), "header of 16777216 bytes in a file of");
  }

  @Test
  void headersThatAreNotUnicodeAreRefused() throws IOException {
    byte[] header = ("{" + A.replace('\'', '"') + "}").getBytes(StandardCharsets.UTF_8);
    header[2] = (byte) 0xff;
    assertRefused(SafetensorsBytes.file(header, 8), "header is not valid UTF-8");
    assertRefused(SafetensorsBytes.file(A.replace("'a'", "{'\\ud800'") + "}", 8), "half of a surrogate pair");
    byte[] bom = "\ufeff{}".getBytes(StandardCharsets.UTF_8);
    assertRefused(SafetensorsBytes.file(bom, 0), "header is not a JSON object");
    assertRefused(SafetensorsBytes.file("{'a\n':1}", 0), "header is not valid JSON");
  }

  @Test
  void deepNestingAndManyDimensionsAreRefused() throws IOException {
    assertRefused(SafetensorsBytes.file("{'a':" + "[".repeat(100_000) + "]".repeat(100_000) + "}", 0), "tensor \"a\" is of kind begin_array");
    String ones = "1,".repeat(64) + "1";
    assertRefused(SafetensorsBytes.file("{'a':{'dtype':'U8','shape':[" + ones + "],'data_offsets':[0,1]}}", 1), "has more than 64 entries");
  }

  @Test
  void tooManyTensorsAreRefused() throws IOException {
    StringBuilder many = new StringBuilder("{");
    for (int i = 0; i < 260_000; i++) {
      many.append(i == 0 ? "" : ",").append("'").append(i).append("':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}");
    }
    assertRefused(SafetensorsBytes.file(many.append("}").toString(), 0), "more than 250000 tensors");
  }

  @Test
  void endlessNamesAndNumbersAreRefused() throws IOException {
    assertRefused(SafetensorsBytes.file("{'" + "x".repeat(16_000_000) + "':1}", 0), "xxx...\" is of kind number");
    String digits = "1".repeat(16_000_000);
    assertRefused(SafetensorsBytes.file("{'a':{'dtype':'U8','shape':[" + digits + "],'data_offsets':[0,0]}}", 0), "header is not valid JSON");
  }

  /** Metadata of any size that a header may have: refused or read within the memory of a small heap, and quickly. */
  @Test
  void muchMetadataIsBounded() throws IOException {
    long start = System.nanoTime();
    assertRefused(SafetensorsBytes.file("{'__metadata__':{'x':'" + "y".repeat(95_000_000) + "'}}", 0), "expected at most 16777216");
    StringBuilder many = new StringBuilder("{'__metadata__':{");
    for (int i = 0; i < 1_000_000; i++) {
      many.append(i == 0 ? "" : ",").append("'").append(i).append("':''");
    }
    assertRefused(SafetensorsBytes.file(many.append("}}").toString(), 0), "more than 10000 entries in __metadata__");
    String long16 = "y".repeat(15_000_000);
    try (SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file("{'__metadata__':{'x':'" + long16 + "'}}", 0)))) {
      assertEquals(long16, file.metadata().get("x"));
    }
    assertTrue(System.nanoTime() - start < 20_000_000_000L, "took " + (System.nanoTime() - start) + " ns");
  }

  @Test
  void tensorsOfUnknownTypesAreListedButNotRead() throws IOException {
    String header = "{'new':{'dtype':'F6_E2M3','shape':[4],'data_offsets':[0,3]},'a':{'dtype':'U8','shape':[1],'data_offsets':[3,4]}}";
    try (SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file(header, 4)));
        TensorLoan known = file.read("a")) {
      assertEquals(3, known.tensor().getLong(0));
      assertEquals("F6_E2M3 [4]", file.tensors().get("new").toString());
      assertThrows(IllegalStateException.class, () -> file.tensors().get("new").dtype());
      String message = assertThrows(BadInputException.class, () -> file.read("new")).getMessage();
      assertTrue(message.contains(": tensor \"new\" has dtype \"F6_E2M3\", expected one of [BOOL"), message);
    }
  }

  /** What a failed download leaves under the name of the weights. */
  static Stream<Arguments> otherContent() {
    return Stream.of(
        Arguments.of("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
            "is a git-lfs pointer, not the file itself (run `git lfs pull` in its folder)"),
        Arguments.of("<!DOCTYPE html><html>", "is a web page, not the file itself (download it again"),
        Arguments.of("\n <html lang='en'>", "is a web page, not the file itself"),
        Arguments.of("<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "is a web page, not the file itself"),
        Arguments.of("{\"error\":\"Repository not found\"}", "is JSON text (a server's error message, or an index)"),
        Arguments.of("Entry not found", "header length is 8029390891631537733, expected at most 16777216 (is this a safetensors file?)"),
        Arguments.of("PK\3\4\0\0\0\0\0\0\0\0", "is a zip archive (a PyTorch checkpoint is one: convert it in Python"),
        Arguments.of("\u0080\2}q\0(X\5", "is a Python pickle, as old PyTorch checkpoints are (convert it in Python"),
        Arguments.of("\37\u008b\b\0\0\0\0\0\0\3K", "is compressed with gzip (unpack it)"),
        Arguments.of("\u0089HDF\r\n\32\n\0\0", "is an HDF5 file"));
  }

  @ParameterizedTest
  @MethodSource("otherContent")
  void otherContentIsNamed(String content, String expected) throws IOException {
    assertRefused(content.getBytes(StandardCharsets.ISO_8859_1), expected);
  }

  /** Lengths of headers whose bytes are those by which pickles and gzip are known. */
  @ParameterizedTest
  @CsvSource({"640", "559903", "123"})
  void aLengthThatLooksLikeAnotherFormatIsALength(int length) throws IOException {
    byte[] header = ("{" + A.replace('\'', '"') + "}" + " ".repeat(length - A.length() - 2)).getBytes(StandardCharsets.UTF_8);
    try (SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file(header, 8)))) {
      assertEquals(1, file.tensors().size());
    }
  }

  @Test
  void aFileThatChangesIsAnErrorUntilItIsOpenedAgain() throws IOException {
    byte[] content = SafetensorsBytes.file("{" + A + "}", 8);
    Path path = write(content);
    Files.setLastModifiedTime(path, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      file.read("a").close();
      Files.write(path, content); // truncated, and filled up again
      assertUnreadable(file, "was written to while it was read");
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Files.write(path, new byte[] {1}, StandardOpenOption.APPEND);
      assertUnreadable(file, "has " + (content.length + 1) + " bytes now and had " + content.length + " when it was opened");
    }
    write(content);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Files.write(path, Arrays.copyOf(content, content.length - 1));
      assertUnreadable(file, "ended at byte " + (content.length - 1) + " while it was read");
    }
    write(content);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      // Replaced by renaming, as downloads are, and deleted: the open file is still the former one.
      Files.move(Files.write(folder.resolve("other"), new byte[3]), path, StandardCopyOption.REPLACE_EXISTING);
      file.read("a").close();
      Files.delete(path);
      file.read("a").close();
    }
  }

  @Test
  void anInterruptIsNoFaultOfTheFile() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file("{" + A + "}", 8)))) {
      Thread.currentThread().interrupt();
      String message = assertThrows(CancellationException.class, () -> file.read("a")).getMessage();
      assertTrue(Thread.interrupted());
      assertEquals(file.path() + ": reading was interrupted", message);
    }
  }

  private static void assertUnreadable(SafetensorsFile file, String expected) {
    String message = assertThrows(BadInputException.class, () -> file.read("a")).getMessage();
    assertEquals(file.path() + ": " + expected + ", expected a file that nobody changes (open it again when it is complete)", message);
  }

  @Test
  void hostileNamesStayInOneLine() throws IOException {
    String name = "\\n\\u2028\\u001b[31m" + "x".repeat(1000);
    String message = refusal(SafetensorsBytes.file("{'" + name + "':{}}", 0));
    assertTrue(message.endsWith("x...\" lacks dtype"), message);
    assertTrue(message.contains("\"?[31mxxx"), message);
  }

  @Test
  void pathsThatAreNoFilesAreNamed() throws IOException {
    assertEquals(folder + ": is a folder, expected a safetensors file", refusal(folder));
    Path device = Path.of("/dev/null");
    if (Files.exists(device)) {
      assertEquals(device + ": is a pipe or device, expected a safetensors file", refusal(device));
    }
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("nowhere"));
    assertEquals(link + ": is a link to a file that does not exist, expected a safetensors file", refusal(link));
    Path none = folder.resolve("none.safetensors");
    assertEquals(none + ": no such file, expected a safetensors file", refusal(none));
  }

  @Test
  void whatTheFormatAllowsIsRead() throws IOException {
    String header =
        "{'late':{'dtype':'U8','shape':[2,1],'data_offsets':[6,8]},"
            + "'__metadata__':{'format':'pt','\u00e9\\n':'\u65e5'},"
            + "'empty':{'dtype':'F32','shape':[0,5],'data_offsets':[4,4]},"
            + "'scalar':{'shape':[],'data_offsets':[0,4],'dtype':'F32'},"
            + "'empty at the end':{'dtype':'BF16','shape':[3,0],'data_offsets':[8,8]},"
            + "'half':{'dtype':'F16','shape':[1],'data_offsets':[4,6]}}     ";
    try (SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file(header, 8)))) {
      assertEquals(List.of("scalar", "empty", "half", "late", "empty at the end"), new ArrayList<>(file.tensors().keySet()));
      assertEquals(Map.of("format", "pt", "\u00e9\n", "\u65e5"), file.metadata());
      assertEquals(new TensorInfo(DType.U8, Shape.of(2, 1), 6, 8), file.tensors().get("late"));
      try (TensorLoan late = file.read("late");
          TensorLoan empty = file.read("empty");
          TensorLoan scalar = file.read("scalar")) {
        assertEquals(7, late.tensor().getLong(1));
        assertEquals(0, empty.tensor().byteSize());
        assertEquals(Shape.of(), scalar.tensor().shape());
        assertEquals(Float.intBitsToFloat(0x03020100), scalar.tensor().getFloat(0));
        assertTrue(scalar.tensor().data().isReadOnly());
      }
      assertThrows(IllegalArgumentException.class, () -> file.read("none"));
    }
    try (SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file("{}", 0)))) {
      assertTrue(file.tensors().isEmpty());
    }
  }

  @Test
  void aLoanOutlivesItsFileButNotItself() throws IOException {
    SafetensorsFile file = SafetensorsFile.open(write(SafetensorsBytes.file("{" + A + "}", 8)));
    TensorLoan loan = file.read("a");
    file.close();
    assertEquals(Float.intBitsToFloat(0x07060504), loan.tensor().getFloat(1));
    loan.close();
    assertThrows(IllegalStateException.class, () -> loan.tensor().getFloat(1));
  }

  @Test
  void tensorsBeyondTwoGigabytesAreRead() throws IOException {
    long large = (1L << 31) + 4096;
    String header =
        "{'large':{'dtype':'U8','shape':[" + large + "],'data_offsets':[0," + large + "]},"
            + "'last':{'dtype':'U8','shape':[1],'data_offsets':[" + large + "," + (large + 1) + "]}}";
    Path path = write(SafetensorsBytes.file(header, 0));
    try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
      sparse.setLength(8 + header.length() + large + 1);
      sparse.seek(8 + header.length() + large - 1);
      sparse.write(new byte[] {41, 42});
    }
    try (SafetensorsFile file = SafetensorsFile.open(path);
        Arena arena = Arena.ofConfined();
        TensorLoan last = file.read("last")) {
      // Part of the large one: the whole would take its 2 GB of memory here.
      MemorySegment end = arena.allocate(3);
      file.read("large", large - 3, end);
      assertEquals(41, end.get(ValueLayout.JAVA_BYTE, 2));
      assertEquals(42, last.tensor().getLong(0));
      assertThrows(IllegalArgumentException.class, () -> file.read("large", large - 2, end));
      assertThrows(IllegalArgumentException.class, () -> file.read("large", -1, end));
    }
  }

  private void assertRefused(byte[] content, String expected) throws IOException {
    String message = refusal(content);
    assertTrue(message.contains(expected), message);
  }

  private String refusal(byte[] content) throws IOException {
    return refusal(write(content));
  }

  private static String refusal(Path path) {
    String message = assertThrows(BadInputException.class, () -> SafetensorsFile.open(path).close()).getMessage();
    assertTrue(message.startsWith(path + ": "), message);
    assertFalse(message.contains("\n"), message);
    return message;
  }

  private Path write(byte[] content) throws IOException {
    return Files.write(folder.resolve("file.safetensors"), content);
  }
}
