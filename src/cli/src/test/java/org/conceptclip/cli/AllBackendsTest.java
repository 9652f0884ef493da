package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.UnsupportedRequestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The backends of all modules together, as the program has them. */
@Timeout(60)
class AllBackendsTest {
  private final Backends backends = Backends.discovered();

  @Test
  void allAreFoundInTheOrderInWhichAutoTriesThem() {
    List<String> names = backends.probe(BackendRequest.DEFAULT).stream().map(BackendProvider.Status::name).toList();
    assertEquals(List.of("cuda", "cpu", "emulated", "reference"), names);
  }

  @Test
  void theHostIsOneDevice() {
    BackendRequest second = BackendRequest.DEFAULT.withDevice(1);
    String refusal = assertThrows(UnsupportedRequestException.class, () -> backends.open("cpu", second)).getMessage();
    assertTrue(refusal.startsWith("device 1: the cpu backend"), refusal);
  }

  /** 4096 devices are more than any machine has, with or without CUDA. */
  @Test
  void autoTakesTheCpuWhenTheDeviceIsNotThereAndSaysWhy() {
    BackendRequest request = BackendRequest.DEFAULT.withThreads(1).withDevice(4096);
    Backends.Choice choice = backends.open("auto", request);
    choice.backend().close();
    assertEquals("cpu", choice.backend().name());
    assertTrue(choice.note().orElseThrow().contains("; not cuda: "), choice.note().orElseThrow());
    assertThrows(BackendUnavailableException.class, () -> backends.open("cuda", BackendRequest.DEFAULT.withDevice(4096)));
  }
}
