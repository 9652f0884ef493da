package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a tuning table chooses, its file, and files that are none. */
class TuningTableTest {
  private static final TuningTable.Owner OWNER = new TuningTable.Owner("A GPU", "9.0", "13000", "cuBLASLt 130100", "0123456789abcdef");
  private static final ProductShape QKV = new ProductShape(ProductShape.Kind.BIAS_F16, 1152, 3456, true);
  private static final ProductShape PROJ = new ProductShape(ProductShape.Kind.NORM_F32, 1152, 1152, true);
  private static final ProductShape HEAD = new ProductShape(ProductShape.Kind.GELU_F16, 1152, 1152, false);

  private static TuningTable.Timing timing(ProductShape shape, int rows, ProductEngine engine, double micros) {
    return new TuningTable.Timing(new TuningTable.Subject(TuningTable.PRODUCT, shape.toString()), rows, engine.label(), micros);
  }

  static TuningTable table() {
    return new TuningTable(OWNER, List.of(
        timing(QKV, 46656, ProductEngine.CUBLASLT, 487), timing(QKV, 46656, ProductEngine.OWN, 493),
        timing(QKV, 729, ProductEngine.CUBLASLT, 13), timing(QKV, 729, ProductEngine.OWN, 18),
        timing(PROJ, 46656, ProductEngine.CUBLASLT, 352), timing(PROJ, 46656, ProductEngine.OWN, 334),
        timing(PROJ, 46656, ProductEngine.OWN_SUM, 333.25),
        timing(HEAD, 46656, ProductEngine.CUBLASLT, 300), timing(HEAD, 46656, ProductEngine.OWN, 200),
        timing(HEAD, 729, ProductEngine.CUBLASLT, 5), timing(HEAD, 729, ProductEngine.OWN, 90)));
  }

  @Test
  void theLeastTimeOverAllRowsWins() {
    TuningTable table = table();
    assertEquals(Optional.of(ProductEngine.CUBLASLT), table.engine(QKV));
    assertEquals(Optional.of(ProductEngine.OWN_SUM), table.engine(PROJ));
    assertEquals(Optional.of(ProductEngine.OWN), table.engine(HEAD), "290 against 305");
    assertEquals(Optional.empty(), table.engine(new ProductShape(ProductShape.Kind.GELU_F16, 1152, 1152, true)), "with a bias");
  }

  @Test
  void aTableIsReadAsItWasWritten() {
    TuningTable table = table();
    TuningTable read = TuningTable.parse(text(table));
    assertEquals(table.owner(), read.owner());
    assertEquals(table.choices(), read.choices());
    assertEquals(table.timings(), read.timings());
    assertEquals(table.checksum(), read.checksum());
    assertEquals(text(table), text(read));
  }

  @Test
  void shapesAreReadAsTheyAreWritten() {
    for (ProductShape shape : List.of(QKV, PROJ, HEAD)) {
      assertEquals(Optional.of(shape), ProductShape.parse(shape.toString()));
    }
    for (String other : List.of("", "gelu_f16 8 -> 0", "gelu_f8 8 -> 8", "gelu_f16 8 -> 8 with bias", "gelu_f16 8 8", "bias_f16 0 -> 8")) {
      assertEquals(Optional.empty(), ProductShape.parse(other), other);
    }
  }

  @Test
  void ownersDifferByName() {
    TuningTable.Owner other = new TuningTable.Owner("A GPU", "9.0", "12080", "none", "0123456789abcdef");
    assertEquals(Optional.empty(), OWNER.difference(OWNER));
    assertEquals(Optional.of("driver 12080 instead of 13000, library none instead of cuBLASLt 130100"), other.difference(OWNER));
  }

  private static String text(TuningTable table) {
    return new String(table.toBytes(), StandardCharsets.UTF_8);
  }

  static Stream<Arguments> damages() {
    String text = text(table());
    String owner = "owner\tdriver\t13000\n";
    return Stream.of(
        Arguments.of("", "no tuning table"),
        Arguments.of("{\"a\":1}\n", "no tuning table"),
        Arguments.of("conceptclip tuning table 2\nx\n", "no tuning table"),
        Arguments.of("conceptclip tuning table 1\n", "no tuning table"),
        Arguments.of(text.replace("13000", "13010"), "checksum"),
        Arguments.of(text.substring(0, text.length() / 2), "checksum"),
        Arguments.of(signed(text.replace(owner, "")), "its owner has the facts [device, capability, library, kernels]"),
        Arguments.of(signed(text.replace(owner, owner + "owner\tcolour\tgreen\n")), "colour"),
        Arguments.of(signed(text.replace("\town\n", "\tmine\n")), "mine"),
        Arguments.of(signed(text.replace("choice\tproduct\t" + QKV + "\tcublaslt", "choice\tproduct\t" + QKV + "\town-sum")), "own-sum"),
        Arguments.of(signed(text.replace("choice\tproduct", "choice\tdivision")), "division"),
        Arguments.of(signed(text.replace("\t46656\t", "\tmany\t")), "\"many\" rows"),
        Arguments.of(signed(text.replace("\t46656\t", "\t-1\t")), "-1 rows"),
        Arguments.of(signed(text.replace("\t493.000", "\tNaN")), "NaN microseconds"),
        Arguments.of(signed(text.replace("\t493.000", "\tfast")), "\"fast\" microseconds"),
        Arguments.of(signed(text.replace("time\t", "times\t")), "begins with \"times\""));
  }

  /** The text with the checksum that it should have. */
  private static String signed(String text) {
    List<String> lines = text.lines().toList();
    String content = String.join("\n", lines.subList(0, lines.size() - 1)) + "\n";
    CRC32 crc = new CRC32();
    crc.update(content.getBytes(StandardCharsets.UTF_8));
    return content + String.format("%08x", crc.getValue()) + "\n";
  }

  @ParameterizedTest
  @MethodSource("damages")
  void whatIsNoTableIsRefused(String text, String words) {
    String message = assertThrows(BadInputException.class, () -> TuningTable.parse(text)).getMessage();
    assertTrue(message.contains(words), message);
  }

  @Test
  void theTestsSignatureIsThatOfATable() {
    assertEquals(text(table()), signed(text(table())));
    assertEquals(Map.of(), new TuningTable(OWNER, List.of()).choices());
  }
}
