package org.conceptclip.calibration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.calibration.Calibration.Agreement;
import org.conceptclip.calibration.Calibration.Images;
import org.conceptclip.calibration.Calibration.Product;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calibration files come back as they were written, and each kind of damage is one line that says what is wrong. */
class CalibrationFileTest {
  private static final String FINGERPRINT = "0123456789abcdef".repeat(4);

  @TempDir Path folder;

  private record Identity(String fingerprint, List<String> products) implements ModelIdentity {}

  private static Calibration calibration(double lowest, boolean generated, int fp8Products) {
    SequencedMap<String, Product> products = new LinkedHashMap<>();
    for (int i = 0; i < 4; i++) {
      products.put("block." + i + ".weight", new Product(3.5 + i, 0.03125f, 2.5, 100, 1e-5 * i, true, i < fp8Products));
    }
    return new Calibration("X", "my \"model\"", FINGERPRINT, new Images(16, 8, generated), new Agreement(0.9971, 0.9985),
        new Agreement(lowest, 0.9999), products);
  }

  private Path written(Calibration calibration) throws IOException {
    Path file = folder.resolve("calibration.json");
    CalibrationFile.write(calibration, file);
    return file;
  }

  @Test
  void whatWasWrittenComesBack() throws IOException {
    Calibration calibration = calibration(0.9993, false, 3);
    Path file = written(calibration);
    Calibration back = Calibration.read(file);
    assertEquals(file.toString(), back.source());
    assertEquals(calibration.products(), back.products());
    assertEquals(List.copyOf(calibration.products().keySet()), List.copyOf(back.products().keySet()));
    assertEquals(List.of(calibration.images(), calibration.everything(), calibration.chosen(), calibration.fingerprint(),
        calibration.model()), List.of(back.images(), back.everything(), back.chosen(), back.fingerprint(), back.model()));
    assertTrue(back.recommended());
    assertEquals(Optional.of(0.03125f), back.inputScale("block.2.weight"));
    assertEquals(Optional.empty(), back.inputScale("block.3.weight"), "stays in float16");
    assertEquals(Optional.empty(), back.inputScale("text.proj.weight"), "could not be in E4M3 at all");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
    "\"version\": 1|\"version\": 2|version is 2, expected 1",
    "conceptclip-fp8|other|format is \"other-calibration\", expected \"conceptclip-fp8-calibration\"",
    "\"scale\": 0.03125|\"scale\": 0|block.0.weight.scale is 0, expected a number from",
    "\"scale\": 0.03125|\"scale\": -0.5|block.0.weight.scale is -0.5, expected a number from",
    "\"scale\": 0.03125|\"scale\": 1e99|block.0.weight.scale is 1e99, expected a number from",
    "\"scale\": 0.03125|\"scale\": \"NaN\"|block.0.weight.scale is \"NaN\", expected a number from",
    "\"scale\": 0.03125|\"scale\": NaN|not valid JSON (at line",
    "\"scale\": 0.03125|\"scale\": null|block.0.weight.scale is null, expected a number from",
    "\"scale\": 0.03125,||no products.block.0.weight.scale, expected a number from",
    "\"type\": \"fp8\"|\"type\": \"int8\"|block.0.weight.type is \"int8\", expected \"fp16\"",
    "\"type\": \"fp8\"|\"typo\": 1, \"type\": \"fp8\"|products.block.0.weight.typo is unknown, expected only",
    "\"type\": \"fp8\"|\"type\": \"fp8\", \"type\": \"fp8\"|duplicate key \"type\"",
    "\"heldOut\": 8|\"heldOut\": 17|images.heldOut is 17, expected at most the 16 images",
    "\"heldOut\": 8|\"heldOut\": 0.5|images.heldOut is 0.5, expected",
    "\"generated\": false|\"generated\": 0|images.generated is 0, expected true or false",
    "0123456789abcdef0|xyz|fingerprint is \"xyz123",
    "\"lowestCosine\": 0.9993|\"lowestCosine\": 0.99|recommended is true, expected false, as its cosines and products say",
    "\"lowestCosine\": 0.9993|\"lowestCosine\": 1.5|chosen.lowestCosine is 1.5, expected a number from -1.0 to 1.0",
    "\"recommended\": true|\"recommended\": false|recommended is false, expected true, as its cosines and products say",
    "\"model\": |\"modle\": |no model, expected a string",
  })
  void damageIsOneLine(String from, String to, String expected) throws IOException {
    Path file = written(calibration(0.9993, false, 4));
    String text = Files.readString(file);
    assertTrue(text.contains(from), text);
    Files.writeString(file, text.replaceFirst(Pattern.quote(from), Matcher.quoteReplacement(
        to == null ? "" : to)));
    String message = assertThrows(BadInputException.class, () -> Calibration.read(file)).getMessage();
    assertTrue(message.startsWith(file + ": ") && message.contains(expected) && !message.contains("\n"), message);
  }

  @Test
  void aFileThatIsCutOffAnywhereIsRefused() throws IOException {
    Path file = written(calibration(0.9993, false, 3));
    String text = Files.readString(file).strip();
    for (int length = 0; length < text.length(); length += 7) {
      Files.writeString(file, text.substring(0, length));
      String message = assertThrows(BadInputException.class, () -> Calibration.read(file)).getMessage();
      assertTrue(message.startsWith(file + ": ") && message.contains("expected"), message);
    }
    Path absent = folder.resolve("absent.json");
    assertTrue(assertThrows(BadInputException.class, () -> Calibration.read(absent)).getMessage().contains("no such file"));
    Files.writeString(file, "[]");
    assertTrue(assertThrows(BadInputException.class, () -> Calibration.read(file)).getMessage().contains("one JSON object"));
  }

  @Test
  void aCalibrationTakesItsOwnModelOnly() {
    Calibration calibration = calibration(0.9993, false, 4);
    List<String> products = List.copyOf(calibration.products().keySet());
    calibration.requireModel(new Identity(FINGERPRINT, products));
    refused(calibration, new Identity("f".repeat(64), products), "another checkpoint", "0123456789ab...", "ffffffffffff...");
    refused(calibration, new Identity(FINGERPRINT, products.subList(0, 3)), "block.3.weight", "which the model does not have");
    List<String> more = new ArrayList<>(products);
    more.addAll(List.of("block.4.weight", "block.5.weight"));
    refused(calibration, new Identity(FINGERPRINT, more), "no entry for product block.4.weight and 1 others", "expected all 6");
  }

  private static void refused(Calibration calibration, ModelIdentity identity, String... words) {
    String message = assertThrows(BadInputException.class, () -> calibration.requireModel(identity)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }

  @Test
  void aRequestForFp8NeedsACalibrationThatRecommendsIt() throws IOException {
    BackendRequest fp8 = BackendRequest.DEFAULT.withPrecision(Precision.FP8);
    assertRefused(fp8, "precision fp8: no calibration was named");
    Path file = written(calibration(0.9993, false, 4));
    assertEquals(4, Calibration.of(named(fp8, file)).orElseThrow().fp8Products());
    assertRefused(named(BackendRequest.DEFAULT.withPrecision(Precision.FP16), file), "only precision fp8 uses one, the precision is fp16");
    assertRefused(named(BackendRequest.DEFAULT, file), "only precision fp8 uses one");
    assertEquals(Optional.empty(), Calibration.of(BackendRequest.DEFAULT));
    assertRefused(named(fp8, written(calibration(0.9989, false, 4))), "advises against it", "lowest cosine 0.998900", "expected fp16");
    assertRefused(named(fp8, written(calibration(0.9999, false, 1))), "advises against it", "1 of 4 products, 25 % of the work");
  }

  @Test
  void aCalibrationOnNoiseIsUsedWithANotice() throws IOException {
    List<String> notices = new ArrayList<>();
    BackendRequest request = BackendRequest.DEFAULT.withPrecision(Precision.FP8).withNotices(notices::add);
    Calibration.of(named(request, written(calibration(0.9993, false, 4))));
    assertEquals(List.of(), notices);
    Calibration.of(named(request, written(calibration(0.9993, true, 4))));
    assertEquals(1, notices.size());
    assertTrue(notices.getFirst().contains("measured on noise"), notices.getFirst());
    assertFalse(calibration(0.9989, true, 4).verdict().contains("is recommended"));
  }

  @Test
  void theLibraryPassesItOnToTheBackend() {
    Path file = folder.resolve("c.json");
    ConceptClipOptions options = ConceptClipOptions.builder().precision(Precision.FP8).calibration(file).build();
    assertEquals(Map.of(Calibration.OPTION, file.toString()), options.backendOptions());
    String refusal = assertThrows(UnsupportedRequestException.class, () -> ConceptClip.open(
        ConceptClipOptions.builder().model("synthetic:tiny").backend("reference").precision(Precision.FP8).build())).getMessage();
    assertEquals("precision fp8: the reference backend computes in fp64 only", refusal);
  }

  private static BackendRequest named(BackendRequest request, Path file) {
    return request.withOption(Calibration.OPTION, file.toString());
  }

  private static void assertRefused(BackendRequest request, String... words) {
    String message = assertThrows(UnsupportedRequestException.class, () -> Calibration.of(request)).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }
}
