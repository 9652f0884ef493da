package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PeerProcessTest {
  private static final String CLASS_PATH = System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"));

  private static PeerProcess peer(String fault, Duration timeout) {
    return PeerProcess.java("fake", CLASS_PATH, FakePeer.class.getName(), List.of(fault), timeout);
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
      assertEquals(5 * 3000, peer.stream(5).nanos());
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
        () -> new PeerProcess("fake", "fp32", List.of("/no/such/program"), Map.of(), Duration.ofSeconds(1)));
    assertTrue(failure.getMessage().contains("/no/such/program"), failure::getMessage);
  }

  /** ONNX Runtime 1.29 crashes in a process whose command line is longer than about 3,700 characters. */
  @Test
  void theCommandLineStaysShortWhateverTheClassPath() throws IOException {
    try (PeerProcess peer = PeerProcess.java("fake", longClassPath(), FakePeer.class.getName(), List.of("none"), Duration.ofSeconds(60))) {
      assertEquals("fake 1.0", peer.version(), "the long class path is in force");
      List<String> commandLines = new ArrayList<>();
      for (ProcessHandle child : ProcessHandle.current().children().toList()) {
        commandLines.add(Files.readString(Path.of("/proc", "" + child.pid(), "cmdline")));
      }
      String own = commandLines.stream().filter(line -> line.contains(FakePeer.class.getName())).findFirst().orElseThrow();
      assertTrue(own.length() < 3000, () -> "the command line has " + own.length() + " characters");
    }
  }

  @Test
  void onnxRuntimeStartsWithALongClassPath() {
    try (PeerProcess peer = PeerProcess.java("onnxruntime", longClassPath(), "org.conceptclip.bench.peer.OnnxRuntimePeer",
        List.of("no-such-folder", "fused", "1"), Duration.ofSeconds(120))) {
      assertTrue(peer.version().startsWith("ONNX Runtime 1."), peer::version);
      ContestantFailedException failure =
          assertThrows(ContestantFailedException.class, () -> peer.prepare(new Workload.Vision(1)));
      assertTrue(failure.getMessage().contains("no-such-folder"), failure::getMessage);
    }
  }

  private static String longClassPath() {
    String padding = IntStream.range(0, 100).mapToObj(i -> "/nowhere/a-library-that-is-not-there-" + i + ".jar")
        .collect(Collectors.joining(File.pathSeparator, File.pathSeparator, ""));
    assertTrue(padding.length() > 4000);
    return CLASS_PATH + padding;
  }
}
