package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code preprocess} and {@code doctor}. */
class OtherCommandsTest {
  private static final Path FIXTURES = Path.of("src/core/src/test/resources/golden/preprocess");

  @TempDir Path folder;

  @Test
  void preprocessWritesPillowsPicture() throws IOException {
    Path out = folder.resolve("y.png");
    CliRun.of("preprocess", FIXTURES.resolve("1_RGB_512x384.png"), "--out", out).ended(0);
    BufferedImage found = ImageIO.read(out.toFile());
    BufferedImage expected = ImageIO.read(FIXTURES.resolve("1_RGB_512x384.expected.png").toFile());
    assertEquals(384, found.getWidth());
    assertEquals(384, found.getHeight());
    for (int y = 0; y < 384; y++) {
      for (int x = 0; x < 384; x++) {
        assertEquals(expected.getRGB(x, y), found.getRGB(x, y), "pixel " + x + ", " + y);
      }
    }
  }

  @Test
  void preprocessTakesAModelsSize() throws IOException {
    Path out = folder.resolve("y.png");
    CliRun.of("preprocess", FIXTURES.resolve("0_RGB_17x31.png"), "--out", out, "--model", "synthetic:tiny").ended(0);
    assertEquals(61, ImageIO.read(out.toFile()).getWidth());
  }

  @Test
  void preprocessRefusesWhatItCannotReadOrWrite() throws IOException {
    Path out = folder.resolve("y.png");
    CliRun.of("preprocess", folder.resolve("absent.png"), "--out", out).ended(3).refused("absent.png", "no such file", "expected");
    assertFalse(Files.exists(out));
    CliRun.of("preprocess", FIXTURES.resolve("0_RGB_17x31.png"), "--out", folder.resolve("no/y.png")).ended(3).refused("no/y.png");
    CliRun.of("preprocess", FIXTURES.resolve("0_RGB_17x31.png")).ended(2).refused("--out");
  }

  @Test
  void doctorTellsTheMachineTheBackendsAndTheModel() {
    JsonObject report = JsonParser.parseString(CliRun.of("doctor", "--json").ended(0).out()).getAsJsonObject();
    assertTrue(report.getAsJsonObject("machine").get("cores").getAsString()
        .startsWith(Runtime.getRuntime().availableProcessors() + " "));
    assertTrue(report.getAsJsonObject("jdk").get("version").getAsString().startsWith("" + Runtime.version().feature()));
    JsonObject places = report.getAsJsonObject("places");
    assertEquals(List.of("cache", "temporary files", "names of files"), List.copyOf(places.keySet()));
    assertTrue(places.get("temporary files").getAsString().startsWith(System.getProperty("java.io.tmpdir")), places.toString());
    assertTrue(places.get("names of files").getAsString().startsWith(System.getProperty("sun.jnu.encoding")), places.toString());
    assertTrue(report.getAsJsonObject("model").get("found").getAsBoolean());
    assertEquals("on the class path (vocab.txt)", report.getAsJsonObject("model").get("tokenizer").getAsString());
    assertTrue(report.getAsJsonObject("images").get("jpeg").getAsString().startsWith("libjpeg-turbo"), report.toString());
    assertEquals("1.5.13", report.getAsJsonObject("libraries").get("javacpp").getAsString());
    JsonObject cuda = report.getAsJsonObject("cuda");
    assertTrue(cuda.has("driver") && cuda.has("devices"), cuda.toString());
    if (cuda.get("driver").getAsString().startsWith("none (libcuda.so.1")) {
      assertEquals("unknown: no NVIDIA driver was found (libcuda.so.1 does not load)", cuda.get("devices").getAsString());
    }
    for (JsonElement backend : report.getAsJsonArray("backends")) {
      String name = backend.getAsJsonObject().get("name").getAsString();
      boolean usable = backend.getAsJsonObject().get("usable").getAsBoolean();
      // What the doctor says of a backend must be what happens when it is asked for.
      int code = CliRun.of("classify", "examples/chest-xray-normal.png", "--backend", name).code();
      assertEquals(usable ? 0 : 4, code, name);
    }
  }

  @Test
  void doctorTellsWhyAModelIsNotUsable() {
    CliRun run = CliRun.of("doctor", "--model", folder).ended(0);
    assertTrue(run.out().contains("config.json"), run.out());
    String emulated = EmulatedCudaDriver.absence()
        .map(reason -> "not usable: " + reason)
        .orElse("usable: the CUDA backend's kernels on the CPU");
    assertTrue(run.out().contains(emulated), run.out());
  }
}
