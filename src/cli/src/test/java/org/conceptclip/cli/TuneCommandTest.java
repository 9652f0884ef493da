package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SafetensorsWriter;
import org.conceptclip.weights.TensorLoan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tune}, and what {@code forward} does with its table and with the other options of a CUDA device. */
class TuneCommandTest {
  private static final Path GOLDEN = Path.of("src/core/src/test/resources/golden/tiny");

  @TempDir Path folder;

  private CliRun tune(Object... more) {
    return CliRun.of(CliRun.join(new Object[] {"tune", "--backend", "emulated", "--model", "synthetic:tiny", "--images", "1",
        "--text-rows", "8", "--seconds", "0.5"}, more));
  }

  @Test
  @OnEmulator
  void aTableIsPrintedWrittenAndUsed() throws IOException {
    Path table = folder.resolve("table.tsv");
    CliRun run = tune("--out", table).ended(0).said("wrote tuning table").said("times of the emulator mean nothing");
    assertTrue(run.outLines().getFirst().matches("op +rows +cublaslt us +own us +own-sum us +choice"), run.out());
    assertTrue(run.outLines().get(1).matches("bias_f16 144 -> 432 +16 +[0-9.]+ +[0-9.]+ +(cublaslt|own)"), run.out());
    CliRun used = forward("--gemm-table", table).ended(0);
    assertTrue(Files.exists(folder.resolve("out.safetensors")), used.err());
    forward("--gemm-table", table, "--gemm", "own").ended(2).refused("--gemm-table", "gemm is own", "expected gemm auto");
    Files.writeString(table, Files.readString(table).replace("emulated sm_90", "another device"));
    forward("--gemm-table", table).ended(3).refused("table.tsv: damaged: its checksum is wrong", "`conceptclip tune` makes a new one");
    forward("--gemm-table", folder.resolve("absent")).ended(3).refused("absent: no such file");
  }

  @Test
  @OnEmulator
  void jsonHasTheOwnerTheTimesAndTheChoices() {
    JsonObject object = JsonParser.parseString(tune("--out", folder.resolve("t"), "--json").ended(0).out()).getAsJsonObject();
    assertEquals("emulated sm_90", object.get("device").getAsString());
    assertTrue(object.get("emulated").getAsBoolean());
    JsonObject first = object.getAsJsonArray("choices").get(0).getAsJsonObject();
    assertEquals("bias_f16 144 -> 432", first.get("shape").getAsString());
    assertTrue(first.getAsJsonObject("micros").getAsJsonObject("16").has("own"), first.toString());
    OutputStream refusing = new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        throw new IOException("No space left on device");
      }
    };
    CliRun.into(InputStream.nullInputStream(), refusing, "tune", "--backend", "emulated", "--model", "synthetic:tiny", "--images", "1",
        "--text-rows", "8", "--seconds", "0.1", "--out", folder.resolve("t")).ended(8).said("results cannot be written");
  }

  @Test
  @OnEmulator
  void everyEngineComputesTheModel() throws IOException {
    for (String engine : new String[] {"own", "cublaslt"}) {
      forward("--gemm", engine, "--residual", "fp16").ended(0);
    }
    forward("--attention", "own").ended(0);
    forward("--attention", "cudnn").ended(4).refused("attention cudnn", "not on this machine", "--attention own");
  }

  @Test
  void wrongOptionsAreRefused() {
    CliRun.of("tune", "--backend", "cpu").ended(2).refused("--backend cpu", "expected cuda or emulated");
    CliRun.of("tune", "--backend", "emulated", "--images", "0").ended(2).refused("image batches of [0]", "expected");
    CliRun.of("tune", "--backend", "emulated", "--text-rows", "1,99999999").ended(2).refused("text rows of [1, 99999999]", "expected");
    CliRun.of("tune", "--backend", "emulated", "--images", "some").ended(2).refused("--images", "some");
    CliRun.of("tune", "--seconds", "0").ended(2).refused("--seconds 0.0", "expected more than 0");
    CliRun.of("tune", "--seconds", "NaN").ended(2).refused("--seconds NaN");
    CliRun.of("tune", "--model", folder.resolve("absent")).ended(3).refused("absent");
    CliRun.of("classify", "x.png", "--gemm", "fast").ended(2).refused("--gemm", "fast");
    CliRun.of("classify", "x.png", "--attention", "fast").ended(2).refused("--attention", "fast");
    CliRun.of("classify", "x.png", "--residual", "fp8").ended(2).refused("--residual", "fp8");
  }

  @Test
  void otherBackendsHaveNoSuchOptions() throws IOException {
    CliRun.of("forward", "--model", GOLDEN, "--backend", "cpu", "--in", input(), "--out", folder.resolve("o"), "--gemm", "own").ended(2)
        .refused("--gemm: the cpu backend has no such option; it belongs to cuda, emulated");
  }

  private CliRun forward(Object... more) throws IOException {
    return CliRun.of(CliRun.join(new Object[] {"forward", "--model", GOLDEN, "--backend", "emulated", "--in", input(), "--out",
        folder.resolve("out.safetensors")}, more));
  }

  /** Texts alone, of the tiny golden model. */
  private Path input() throws IOException {
    Path file = folder.resolve("in.safetensors");
    try (SafetensorsFile golden = SafetensorsFile.open(GOLDEN.resolve("expected.safetensors")); TensorLoan ids = golden.read("input_ids")) {
      SafetensorsWriter.write(file, new LinkedHashMap<>(Map.of("input_ids", ids.tensor())));
    }
    return file;
  }
}
