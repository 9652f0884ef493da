package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CheckoutTest {
  @Test
  void theSourcesAreFoundFromTheClassesOfAnyModule() {
    assertEquals(Path.of("").toAbsolutePath(), Checkout.root(), "tests run in the root of the checkout");
    assertTrue(Checkout.root().resolve("bench/fma-peak.c").toFile().isFile());
    assertEquals(Path.of("bench", "work").toAbsolutePath(), Checkout.work());
  }

  @Test
  void commitsAreShortHashes() {
    assertTrue(Checkout.commit().matches("[0-9a-f]{10}\\+?"), Checkout.commit());
  }
}
