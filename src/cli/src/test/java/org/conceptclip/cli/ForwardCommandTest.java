package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.SafetensorsWriter;
import org.conceptclip.weights.TensorLoan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code forward} and {@code convert}: golden tensors in, golden tensors out, and every input that has to be refused. */
class ForwardCommandTest {
  private static final Path TINY = Path.of("src/core/src/test/resources/golden/tiny");
  private static final String[] OUTPUTS = {
    "image_features", "image_features_raw", "image_token_features", "text_features", "text_features_raw", "text_token_features",
    "logits_per_image", "logit_scale", "logit_bias", "concept_logit_scale", "concept_logit_bias"
  };

  /** Where the golden file has another name for an output. */
  private static final Map<String, String> GOLDEN_NAMES = Map.of(
      "image_token_features", "image_token_projected",
      "text_token_features", "text_token_projected",
      "logit_scale", "logit_scale_exp",
      "concept_logit_scale", "concept_logit_scale_exp");

  @TempDir Path folder;

  @Test
  void everyOutputIsTheOfficialOne() throws IOException {
    Path in = golden("input_pixels", "pixel_values", "input_ids", "input_ids");
    Path out = folder.resolve("out.safetensors");
    forward(TINY, in, out).ended(0);
    compare(out, OUTPUTS, 1e-6);
  }

  @Test
  @OnEmulator
  void theEmulatedCudaBackendStaysWithinFloat16() throws IOException {
    Path in = golden("input_pixels", "pixel_values", "input_ids", "input_ids");
    Path out = folder.resolve("out.safetensors");
    CliRun run = CliRun.of("forward", "--model", TINY, "--backend", "emulated", "--in", in, "--out", out, "--check-range", "--memory-plan")
        .ended(0);
    // Limits of docs/parity.md for fp16; the scalars are exact.
    compare(out, new String[] {"image_features", "image_features_raw", "text_features", "text_features_raw"}, 5.9e-3);
    compare(out, new String[] {"image_token_features", "text_token_features"}, 8.8e-3);
    List<String> ranges = run.err().lines().filter(line -> line.contains("% of the range")).toList();
    assertEquals(3 * 2 + 3 * 2, ranges.size(), run.err());
    assertTrue(ranges.getFirst().contains("visual.trunk.blocks.0.norm2.weight"), ranges.getFirst());
    assertTrue(ranges.getLast().contains("text.transformer.encoder.layer.2.output.LayerNorm.weight"), ranges.getLast());
    assertTrue(run.err().lines().anyMatch(line -> line.matches(".*text\\.hidden +\\d+ bytes at \\d+")), run.err());
    CliRun.of("forward", "--model", TINY, "--backend", "cpu", "--in", in, "--out", out, "--memory-plan").ended(2)
        .refused("--memory-plan", "cuda or emulated");
    CliRun.of("forward", "--model", TINY, "--backend", "cpu", "--in", in, "--out", out, "--check-range").ended(2)
        .refused("--check-range", "fp16");
  }

  /** From the measurement to the features, as a user would. */
  @Test
  @OnEmulator
  void theEmulatedCudaBackendComputesInFp8WithACalibration() throws IOException {
    Path calibration = folder.resolve("calibration.json");
    CliRun.of("calibrate", "--model", TINY, "--backend", "cpu", "--threads", "2", "--count", "4", "--out", calibration).ended(0);
    Path in = golden("input_uint8_nhwc", "pixels_u8", "input_ids", "input_ids");
    Path out = folder.resolve("out.safetensors");
    String[] fp8 = {"forward", "--model", TINY.toString(), "--backend", "emulated", "--precision", "fp8", "--in", in.toString(),
        "--out", out.toString()};
    CliRun.of(CliRun.join(fp8, "--calibration", calibration, "--check-range")).ended(0).said("emulated, fp8)")
        .said("visual.trunk.blocks.0.norm2.weight");
    assertTrue(lowestCosine(out, "image_features") >= 0.999, "cosine " + lowestCosine(out, "image_features"));
    // Texts are computed in float16 as before.
    compare(out, new String[] {"text_features", "text_features_raw"}, 5.9e-3);
    CliRun.of(CliRun.join(fp8)).ended(2).refused("precision fp8: no calibration", "conceptclip calibrate");
    Files.writeString(calibration, Files.readString(calibration).replaceFirst("\"fingerprint\": \"....", "\"fingerprint\": \"0000"));
    CliRun.of(CliRun.join(fp8, "--calibration", calibration)).ended(3).said("another checkpoint");
  }

  @Test
  void bytesAreNormalisedAsThePreprocessorDoes() throws IOException {
    Path out = folder.resolve("out.safetensors");
    forward(TINY, golden("input_uint8_nhwc", "pixels_u8"), out).ended(0);
    compare(out, new String[] {"image_features", "image_features_raw", "image_token_features"}, 1e-6);
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      assertFalse(file.tensors().containsKey("logits_per_image"), "no texts, no logits");
    }
  }

  @Test
  void textsAloneAreEnough() throws IOException {
    Path out = folder.resolve("out.safetensors");
    forward("synthetic:tiny", golden("input_ids", "input_ids"), out).ended(0);
    compare(out, new String[] {"text_features", "text_token_features", "concept_logit_scale"}, 1e-6);
  }

  @Test
  void aConvertedModelComputesTheSame() throws IOException {
    Path converted = folder.resolve("converted");
    CliRun.of("convert", TINY, "--out", converted).ended(0);
    Path out = folder.resolve("out.safetensors");
    forward(converted, golden("input_pixels", "pixel_values", "input_ids", "input_ids"), out).ended(0);
    compare(out, OUTPUTS, 1e-6);
    CliRun.of("convert", TINY, "--out", converted).ended(3).refused("model.safetensors already", "--force");
    CliRun.of("convert", TINY, "--out", converted, "--dtype", "bf16", "--force").ended(0);
    assertEquals(1.0, Files.size(converted.resolve("model.safetensors")) / (Files.size(TINY.resolve("model.safetensors")) / 2.0), 0.02);
    forward(converted, golden("input_pixels", "pixel_values", "input_ids", "input_ids"), out).ended(0);
    // bfloat16 keeps 8 bits: weights move by up to 2^-9 of their size, and so, about, do outputs.
    compare(out, new String[] {"image_features", "text_features"}, 5e-2);
  }

  @Test
  void conversionsThatCannotBeDoneAreRefused() throws IOException {
    CliRun.of("convert", folder.resolve("absent"), "--out", folder.resolve("x")).ended(3).refused("absent", "expected");
    CliRun.of("convert", TINY, "--out", folder.resolve("x"), "--dtype", "int8").ended(2).refused("int8", "expected fp32, fp16 or bf16");
    CliRun.of("convert", TINY, "--out", TINY).ended(3).refused("is the source");
    Path file = Files.writeString(folder.resolve("file"), "");
    CliRun.of("convert", TINY, "--out", file).ended(3).refused("is a file");
    Path half = folder.resolve("half");
    Files.createDirectories(half);
    Files.copy(TINY.resolve("config.json"), half.resolve("config.json"));
    Files.write(half.resolve("model.safetensors"), Arrays.copyOf(Files.readAllBytes(TINY.resolve("model.safetensors")), 100_000));
    CliRun.of("convert", half, "--out", folder.resolve("x")).ended(3).refused("model.safetensors", "truncated");
  }

  @Test
  void pixelsThatCannotBeUsedAreRefused() throws IOException {
    float[] values = new float[2 * 3 * 61 * 61];
    values[3 * 61 * 61 + 61 * 61 + 61 + 2] = Float.NaN;
    refuse(Map.of("pixel_values", HostTensor.of(values, 2, 3, 61, 61)), "pixel_values[1, 1, 1, 2]", "found NaN", "expected a finite");
    values[3 * 61 * 61 + 61 * 61 + 61 + 2] = Float.POSITIVE_INFINITY;
    refuse(Map.of("pixel_values", HostTensor.of(values, 2, 3, 61, 61)), "Infinity");
    refuse(Map.of("pixel_values", HostTensor.of(new float[3 * 60 * 61], 1, 3, 60, 61)),
        "pixel_values", "found F32 [1, 3, 60, 61]", "expected F32 [batch, 3, 61, 61]");
    refuse(Map.of("pixel_values", HostTensor.of(new float[3 * 61 * 61], 3, 61, 61)), "found F32 [3, 61, 61]");
    refuse(Map.of("pixel_values", HostTensor.of(new double[3 * 61 * 61], 1, 3, 61, 61)), "found F64");
    refuse(Map.of("pixel_values", HostTensor.of(new float[0], 0, 3, 61, 61)), "found F32 [0, 3, 61, 61]");
    refuse(Map.of("pixels_u8", HostTensor.of(new float[3 * 61 * 61], 1, 61, 61, 3)), "expected U8 [batch, 61, 61, 3]");
    refuse(Map.of("pixels", HostTensor.of(new float[1], 1)), "found tensors [pixels]", "expected pixel_values");
    refuse(Map.of(
        "pixel_values", HostTensor.of(new float[3 * 61 * 61], 1, 3, 61, 61),
        "pixels_u8", HostTensor.view(DType.U8, Shape.of(1, 61, 61, 3), MemorySegment.ofArray(new byte[3 * 61 * 61]))),
        "found both");
  }

  @Test
  void tokenIdsThatCannotBeUsedAreRefused() throws IOException {
    refuse(Map.of("input_ids", ids(2, 3, 2, 5, 3, 0, 0, 0)), "input_ids[1]", "padding only", "expected at least one token");
    refuse(Map.of("input_ids", ids(2, 3, 2, 5, 3, 2, 200, 3)), "input_ids[1, 1]", "found id 200", "expected 0 to 199");
    refuse(Map.of("input_ids", ids(1, 3, 2, -7, 3)), "input_ids[0, 1]", "found id -7");
    refuse(Map.of("input_ids", ids(1, 41, new long[41])), "found 41 tokens a text", "expected at most 40");
    refuse(Map.of("input_ids", ids(3, 1, 2, 5, 3).reshape(3)), "found I64 [3]", "expected I64 [batch, length]");
    refuse(Map.of("input_ids", HostTensor.of(new float[] {2, 5, 3}, 1, 3)), "found F32 [1, 3]", "expected I64");
  }

  @Test
  void filesThatCannotBeUsedAreRefused() throws IOException {
    Path out = folder.resolve("out.safetensors");
    forward(TINY, folder.resolve("absent.safetensors"), out).ended(3).refused("absent.safetensors", "expected");
    forward(TINY, folder, out).ended(3).refused("is a folder", "expected");
    forward(TINY, Files.write(folder.resolve("short"), new byte[7]), out).ended(3).refused("short", "7 bytes");
    Path in = golden("input_ids", "input_ids");
    forward(TINY, in, folder.resolve("no/such/folder/out.safetensors")).ended(3).refused("no/such/folder");
    forward(TINY, in, Path.of("/dev/full")).ended(3).refused("/dev/full: cannot be written (No space left on device)");
    assertFalse(Files.isRegularFile(Path.of("/dev/full")), "a device was replaced");
    CliRun.of("forward", "--in", in).ended(2).refused("--out");
  }

  @Test
  void tensorsThatAreNotInputsAreNamed() throws IOException {
    Path in = golden("input_ids", "input_ids", "text_lengths", "attention_mask");
    CliRun run = forward(TINY, in, folder.resolve("out.safetensors")).ended(0);
    assertTrue(run.err().contains("not inputs and were not read: attention_mask"), run.err());
  }

  private void refuse(Map<String, HostTensor> tensors, String... words) throws IOException {
    Path in = folder.resolve("in.safetensors");
    SafetensorsWriter.write(in, new LinkedHashMap<>(tensors));
    Path out = folder.resolve("out.safetensors");
    forward(TINY, in, out).ended(3).refused(words).refused("in.safetensors");
    assertFalse(Files.exists(out), "an output of a refused input");
  }

  private static CliRun forward(Object model, Path in, Path out) {
    return CliRun.of("forward", "--model", model, "--backend", "reference", "--in", in, "--out", out);
  }

  private static HostTensor ids(int texts, int length, long... ids) {
    return HostTensor.view(DType.I64, Shape.of(texts, length), bytes(ids, texts * length));
  }

  private static MemorySegment bytes(long[] ids, int count) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[count * Long.BYTES]);
    for (int i = 0; i < count; i++) {
      bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, (long) i * Long.BYTES, ids[i]);
    }
    return bytes;
  }

  /** A file with golden tensors under other names: from, to, from, to ... */
  private Path golden(String... names) {
    Path path = folder.resolve("in.safetensors");
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile golden = SafetensorsFile.open(TINY.resolve("expected.safetensors"))) {
      List<TensorLoan> loans = new ArrayList<>();
      for (int i = 0; i < names.length; i += 2) {
        TensorLoan loan = golden.read(names[i]);
        loans.add(loan);
        tensors.put(names[i + 1], loan.tensor());
      }
      SafetensorsWriter.write(path, tensors);
      loans.forEach(TensorLoan::close);
    }
    return path;
  }

  /** Largest error over the root mean square of the golden tensor, for each output. */
  private static void compare(Path out, String[] names, double limit) {
    try (SafetensorsFile found = SafetensorsFile.open(out);
        SafetensorsFile golden = SafetensorsFile.open(TINY.resolve("expected.safetensors"))) {
      for (String name : names) {
        String expectedName = GOLDEN_NAMES.getOrDefault(name, name);
        if (!golden.tensors().containsKey(expectedName)) {
          assertTrue(Set.of("logit_bias", "concept_logit_bias").contains(name), name);
          continue;
        }
        try (TensorLoan a = found.read(name); TensorLoan b = golden.read(expectedName)) {
          assertEquals(DType.F32, a.tensor().dtype(), name);
          assertEquals(b.tensor().shape(), a.tensor().shape(), name);
          double[] values = a.tensor().toDoubleArray();
          double[] expected = b.tensor().toDoubleArray();
          double square = 0;
          double worst = 0;
          for (int i = 0; i < values.length; i++) {
            square += expected[i] * expected[i];
            worst = Math.max(worst, Math.abs(values[i] - expected[i]));
          }
          double error = worst / Math.sqrt(square / values.length);
          assertTrue(error <= limit, name + ": error " + error + ", limit " + limit);
        }
      }
    }
  }

  /** Of rows of unit length: the lowest cosine to the golden ones. */
  private static double lowestCosine(Path out, String name) {
    try (SafetensorsFile found = SafetensorsFile.open(out);
        SafetensorsFile golden = SafetensorsFile.open(TINY.resolve("expected.safetensors"));
        TensorLoan a = found.read(name);
        TensorLoan b = golden.read(name)) {
      double[] rows = a.tensor().toDoubleArray();
      double[] expected = b.tensor().toDoubleArray();
      double[] cosines = new double[(int) a.tensor().rows()];
      for (int i = 0; i < rows.length; i++) {
        cosines[i / (rows.length / cosines.length)] += rows[i] * expected[i];
      }
      return Arrays.stream(cosines).min().orElseThrow();
    }
  }
}
