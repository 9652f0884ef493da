package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.calibration.CalibrationFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code calibrate}: what it writes and prints, and what it refuses; and what other commands do with its file. */
@Timeout(120)
class CalibrateCommandTest {
  private static final String[] TINY = {"calibrate", "--model", "synthetic:tiny", "--backend", "cpu", "--threads", "2"};

  @TempDir Path folder;

  private CliRun calibrate(Object... more) {
    return CliRun.of(CliRun.join(CliRun.join(TINY, "--out", file()), more));
  }

  private Path file() {
    return folder.resolve("c.json");
  }

  @Test
  void aReportSaysWhatEveryProductCostsAndWhetherFp8IsRecommended() {
    CliRun run = calibrate("--images", "examples", "--count", "6", "--report");
    Calibration calibration = Calibration.read(file());
    run.ended(calibration.recommended() ? 0 : 9);
    assertEquals(6, calibration.images().count());
    assertFalse(calibration.images().generated());
    for (String product : calibration.products().keySet()) {
      String type = calibration.inputScale(product).isPresent() ? "fp8" : "fp16";
      assertTrue(run.outLines().stream().anyMatch(line -> line.startsWith(product + " ") && line.endsWith(" " + type)), run.out());
    }
    assertTrue(run.out().contains("all products in 8 bits: lowest cosine 0.99"), run.out());
    assertEquals(calibration.verdict(), run.outLines().getLast());
    run.said("wrote " + file());
  }

  @Test
  void withoutImagesItMeasuresOnNoiseAndSaysSo() {
    CliRun run = calibrate("--count", "2", "--json").said("pictures of noise, which is weak evidence");
    JsonObject printed = JsonParser.parseString(run.out()).getAsJsonObject();
    assertEquals(printed, CalibrationFile.json(Calibration.read(file())));
    assertTrue(Calibration.read(file()).images().generated());
  }

  @Test
  void aPictureThatCannotBeReadCostsItselfOnly() throws IOException {
    Path broken = folder.resolve("broken.png");
    Files.writeString(broken, "not a picture");
    CliRun run = calibrate("--images", "examples/chest-xray-normal.png", broken, "examples/brain-mri-tumour.png");
    run.ended(Calibration.read(file()).recommended() ? 5 : 9).said("broken.png").said("1 image could not be used");
    assertEquals(2, Calibration.read(file()).images().count());
    calibrate("--images", broken, "examples/brain-mri-tumour.png").ended(3).said("1 usable images, expected at least 2");
  }

  @Test
  void mistakesAreOneLine() {
    calibrate("--count", "1").ended(2).refused("--count 1", "expected 2 to 4096");
    calibrate("--report", "--json").ended(2).refused("--report and --json");
    CliRun.of(CliRun.join(TINY, "--out", folder)).ended(3).refused("--out", "is a folder");
    calibrate("--precision", "fp8").ended(2).refused("precision fp8", "the cpu backend computes in fp32");
    calibrate("--calibration", file()).ended(2).refused("--calibration", "only --precision fp8 uses one");
    calibrate("--images", folder.resolve("absent")).ended(3).said("no such file");
  }
}
