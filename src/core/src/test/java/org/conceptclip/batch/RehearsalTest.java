package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RehearsalTest {
  /** Whatever the order in which threads come to their work. */
  @Test
  void ends() {
    assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
      for (int i = 0; i < 200; i++) {
        Rehearsal.run();
      }
    });
  }
}
