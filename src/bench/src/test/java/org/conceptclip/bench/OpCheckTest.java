package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.SyntheticModels;
import org.junit.jupiter.api.Test;

class OpCheckTest {
  private static final ModelConfig TINY = SyntheticModels.named("synthetic:tiny").orElseThrow();

  private static float[] values() {
    float[] values = new float[1000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    return values;
  }

  private static float[] rounded(float[] values) {
    float[] rounded = values.clone();
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = Float.float16ToFloat(Float.floatToFloat16(rounded[i]));
    }
    return rounded;
  }

  private static float[] tail(float[] values) {
    return Arrays.copyOfRange(values, values.length - 100, values.length);
  }

  @Test
  void everyOpOfAnotherBackendIsRight() {
    try (Backend reference = new ReferenceBackend();
        Backend other = Backends.discovered().open("cpu", BackendRequest.DEFAULT.withThreads(1)).backend()) {
      for (String op : OpCheck.names(TINY)) {
        OpCheck.Result result = OpCheck.run(op, TINY, other, reference);
        assertEquals(Optional.empty(), result.failure(), op + ": " + result);
        assertTrue(result.rounding() > 0 && result.rms() < result.rounding(), "float32 is more exact than float16: " + result);
      }
    }
    assertThrows(IllegalArgumentException.class, () -> OpCheck.run("vision fc3", TINY, null, null));
  }

  @Test
  void roundingToFloat16IsRight() {
    float[] found = rounded(values());
    OpCheck.Result result = OpCheck.compare(values(), found, tail(found));
    assertEquals(Optional.empty(), result.failure());
    assertEquals(result.rounding(), result.rms());
    assertNotEquals(result.bits(), OpCheck.compare(values(), values(), tail(values())).bits());
  }

  @Test
  void whatIsWrongIsSaid() {
    float[] scaled = rounded(values());
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= 1.002f;
    }
    assertTrue(OpCheck.compare(values(), scaled, tail(scaled)).failure().orElseThrow().contains("rms error"));
    float[] one = rounded(values());
    one[500] += 0.002f;
    assertTrue(OpCheck.compare(values(), one, tail(one)).failure().orElseThrow().contains("largest"));
    float[] lost = rounded(values());
    lost[7] = Float.NaN;
    assertEquals("wrong: 1 results are not finite", OpCheck.compare(values(), lost, tail(lost)).failure().orElseThrow());
    float[] found = rounded(values());
    float[] alone = tail(found);
    alone[3] = Math.nextUp(alone[3]);
    assertEquals("wrong: 1 results of a sequence have other bits when it is alone",
        OpCheck.compare(values(), found, alone).failure().orElseThrow());
  }
}
