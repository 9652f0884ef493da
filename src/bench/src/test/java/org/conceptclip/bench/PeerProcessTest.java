package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerProcessTest {
  private static PeerProcess peer(String fault, Duration timeout) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classPath = System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"));
    return new PeerProcess("fake", List.of(java, "-cp", classPath, FakePeer.class.getName(), fault), timeout);
  }

  private static PeerProcess peer(String fault) {
    return peer(fault, Duration.ofSeconds(60));
  }

  @Test
  void answersComeThroughUnchanged() {
    try (PeerProcess peer = peer("none")) {
      assertEquals("fake 1.0", peer.version());
      peer.prepare(new Workload.Vision(3));
      Contestant.Sample sample = peer.run();
      assertEquals(3000, sample.nanos());
      assertArrayEquals(new float[] {1.5f, -2, Float.MIN_VALUE}, sample.values());
    }
  }

  @Test
  void aRefusalIsItsFirstLine() {
    try (PeerProcess peer = peer("refuse")) {
      ContestantFailedException failure =
          assertThrows(ContestantFailedException.class, () -> peer.prepare(new Workload.Vision(1)));
      assertTrue(failure.getMessage().contains("no model here"), failure::getMessage);
      assertEquals(1, failure.getMessage().lines().count());
    }
  }

  @Test
  void aCrashIsNamedWithItsExitCode() {
    try (PeerProcess peer = peer("crash")) {
      peer.prepare(new Workload.Vision(1));
      ContestantFailedException failure = assertThrows(ContestantFailedException.class, peer::run);
      assertTrue(failure.getMessage().contains("exit code 7"), failure::getMessage);
    }
  }

  @Test
  void aHangEndsAtTheTimeout() {
    assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
      try (PeerProcess warm = peer("none", Duration.ofSeconds(60))) {
        warm.prepare(new Workload.Vision(1));
      }
      try (PeerProcess peer = peer("hang", Duration.ofSeconds(10))) {
        peer.prepare(new Workload.Vision(1));
        ContestantFailedException failure = assertThrows(ContestantFailedException.class, peer::run);
        assertTrue(failure.getMessage().contains("no answer to 'run' in 10 s"), failure::getMessage);
      }
    });
  }

  @Test
  void strayOutputIsAFailureNotASample() {
    try (PeerProcess peer = peer("babble")) {
      peer.prepare(new Workload.Vision(1));
      ContestantFailedException failure = assertThrows(ContestantFailedException.class, peer::run);
      assertTrue(failure.getMessage().contains("a library's greeting"), failure::getMessage);
    }
  }

  @Test
  void aProgramThatIsNotThereIsNamed() {
    ContestantFailedException failure = assertThrows(
        ContestantFailedException.class,
        () -> new PeerProcess("fake", List.of("/no/such/program"), Duration.ofSeconds(1)));
    assertTrue(failure.getMessage().contains("/no/such/program"), failure::getMessage);
  }
}
