package org.conceptclip.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HalfFloats;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointWriterTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void weightsAreRoundedToTheNearest(DType type) {
    float[] values = awkwardValues();
    try (SafetensorsFile written = convert(HostTensor.of(values, values.length), type);
        TensorLoan loan = written.read("w")) {
      assertEquals(type, loan.tensor().dtype());
      for (int i = 0; i < values.length; i++) {
        float found = loan.tensor().getFloat(i);
        if (type == DType.F32) {
          assertEquals(Float.floatToRawIntBits(values[i]), Float.floatToRawIntBits(found));
        } else {
          assertNearest(values[i], found, type);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void everyStoredTypeWidensExactlyAndComesBack(DType type) {
    float[] values = awkwardValues();
    try (SafetensorsFile first = convert(HostTensor.of(values, values.length), type);
        TensorLoan narrow = first.read("w");
        SafetensorsFile second = convert(narrow.tensor(), DType.F32);
        TensorLoan wide = second.read("w");
        SafetensorsFile third = convert(wide.tensor(), type);
        TensorLoan again = third.read("w")) {
      for (int i = 0; i < values.length; i++) {
        assertEquals(narrow.tensor().getFloat(i), wide.tensor().getFloat(i));
      }
      assertEquals(-1, narrow.tensor().data().mismatch(again.tensor().data()));
    }
  }

  @Test
  void finiteWeightsBeyondTheRangeAreNamed() throws Exception {
    float[] values = new float[70_000];
    values[69_999] = -65520;
    assertEquals(
        "test source: tensor w has -65520.0 at element 69999, which is out of the range of F16, expected values below 65520; use bf16 or fp32",
        refusal(values, DType.F16));
    values[69_999] = 65519.996f;
    convert(HostTensor.of(values, values.length), DType.F16).close();
    values[5] = Float.MAX_VALUE;
    assertTrue(refusal(values, DType.BF16).contains("3.4028235E38 at element 5, which is out of the range of BF16"));
    values[5] = Float.POSITIVE_INFINITY;
    values[6] = Float.NaN;
    try (SafetensorsFile written = convert(HostTensor.of(values, values.length), DType.F16);
        TensorLoan loan = written.read("w")) {
      assertEquals(Float.POSITIVE_INFINITY, loan.tensor().getFloat(5));
      assertTrue(Float.isNaN(loan.tensor().getFloat(6)));
    }
    try (var files = Files.list(folder)) {
      assertFalse(files.anyMatch(file -> file.toString().endsWith(".tmp")));
    }
  }

  @Test
  void progressEndsAtTheNumberOfWeightsAndOtherTypesAreRefused() {
    List<Long> seen = new ArrayList<>();
    SequencedMap<String, Shape> layout = new LinkedHashMap<>(Map.of("w", Shape.of(200_000)));
    HostTensor tensor = HostTensor.of(new float[200_000], 200_000);
    CheckpointWriter.write(source(tensor), layout, DType.F16, folder.resolve("p.safetensors"), seen::add);
    assertEquals(200_000, seen.getLast());
    assertTrue(seen.size() > 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> CheckpointWriter.write(source(tensor), layout, DType.F64, folder.resolve("q.safetensors"), n -> {}));
  }

  /** Random values over the range of float16, every tie near one, subnormals, zeros of both signs. */
  private static float[] awkwardValues() {
    Random random = new Random(11);
    float[] values = new float[150_000];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (i % 4) {
            case 0 -> (float) random.nextGaussian();
            case 1 -> (float) (random.nextGaussian() * Math.pow(2, random.nextInt(38) - 26));
            case 2 -> 1 + (i % 8192) * 0x1p-12f;
            default -> Float.intBitsToFloat(0x3f800000 + i * 0x4000);
          };
      if (!(Math.abs(values[i]) < 65504)) {
        values[i] = -0f;
      }
    }
    return values;
  }

  /** No neighbour of {@code found} is nearer to {@code value}; of two as near, the one with an even last bit. */
  private static void assertNearest(float value, float found, DType type) {
    short bits = type == DType.F16 ? Float.floatToFloat16(found) : HalfFloats.floatToBfloat16(found);
    double error = Math.abs((double) value - found);
    for (int step : new int[] {-1, 1}) {
      int neighbourBits = (bits & 0x7fff) + step;
      if (neighbourBits < 0) {
        continue;
      }
      short neighbour = (short) (neighbourBits | (bits & 0x8000));
      float other = type == DType.F16 ? Float.float16ToFloat(neighbour) : HalfFloats.bfloat16ToFloat(neighbour);
      double otherError = Math.abs((double) value - other);
      assertTrue(error < otherError || (error == otherError && (bits & 1) == 0), () -> new BigDecimal(value) + " became " + found);
    }
    assertEquals(Math.copySign(1, value), Math.copySign(1, found));
  }

  private String refusal(float[] values, DType type) {
    return assertThrows(BadInputException.class, () -> convert(HostTensor.of(values, values.length), type)).getMessage();
  }

  private SafetensorsFile convert(HostTensor tensor, DType type) {
    Path path = folder.resolve("w" + System.nanoTime() + ".safetensors");
    CheckpointWriter.write(source(tensor), new LinkedHashMap<>(Map.of("w", tensor.shape())), type, path, n -> {});
    return SafetensorsFile.open(path);
  }

  private static WeightSource source(HostTensor tensor) {
    return new WeightSource() {
      @Override
      public String description() {
        return "test source";
      }

      @Override
      public TensorLoan borrow(String name) {
        return TensorLoan.of(arena -> tensor);
      }

      @Override
      public void close() {}
    };
  }
}
