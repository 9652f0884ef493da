package org.conceptclip.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.UnsupportedRequestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BackendFactoryTest {
  private final BackendFactory factory = new BackendFactory();

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void theHostIsOneDevice(String name) {
    String refusal = assertThrows(
        UnsupportedRequestException.class, () -> factory.open(BackendRequest.plain(name).withDevice(1))).getMessage();
    assertTrue(refusal.startsWith("device 1: the " + name + " backend"), refusal);
  }

  /** 4096 devices are more than any machine has, with or without CUDA. */
  @Test
  void autoTakesTheCpuWhenTheDeviceIsNotThereAndSaysWhy() {
    BackendRequest request = BackendRequest.of("auto", Optional.empty(), 1).withDevice(4096);
    Backends.Choice choice = factory.open(request);
    choice.backend().close();
    assertEquals("cpu", choice.backend().name());
    assertTrue(choice.note().contains("; not cuda: "), choice.note());
    assertThrows(BackendUnavailableException.class, () -> factory.open(BackendRequest.plain("cuda").withDevice(4096)));
  }
}
