package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class NanosTest {
  @Test
  void longDurationsAreForEver() {
    assertEquals(1_500_000, Nanos.of(Duration.ofNanos(1_500_000)));
    assertEquals(Nanos.NEVER, Nanos.of(Duration.ofNanos(Long.MAX_VALUE)));
    assertEquals(Nanos.NEVER, Nanos.of(Duration.ofDays(200_000)));
    assertEquals(Nanos.NEVER, Nanos.of(Duration.ofSeconds(Long.MAX_VALUE)));
    assertEquals(Long.MIN_VALUE, Nanos.of(Duration.ofDays(-200_000)));
  }

  @Test
  void momentsFarAwayNeverCome() {
    assertEquals(7, Nanos.after(3, 4));
    assertEquals(-1, Nanos.after(3, -4));
    assertEquals(Nanos.NEVER, Nanos.after(1, Nanos.NEVER));
    assertEquals(Nanos.NEVER, Nanos.after(Nanos.NEVER, 1));
    assertEquals(Nanos.NEVER - 1, Nanos.after(0, Nanos.NEVER - 1));
    assertEquals(Long.MIN_VALUE, Nanos.after(-2, Long.MIN_VALUE));
  }
}
