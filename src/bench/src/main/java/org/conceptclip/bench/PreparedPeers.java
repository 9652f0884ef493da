package org.conceptclip.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Closer;

/**
 * The peers that {@code bench/peers/prepare} set up: the class path of their adapters, and the exported model, in one folder.
 *
 * @param work that folder
 */
public record PreparedPeers(Path work) {
  private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);
  private static final String PACKAGE = "org.conceptclip.bench.peer.";

  /**
   * Starts peers.
   *
   * @param which {@code ort}, {@code torch}, {@code all} or {@code none}
   * @param owner closes each of them, also when a later one cannot be started
   * @throws BadInputException if they were not prepared
   */
  public List<PeerProcess> start(String which, int threads, Closer owner) {
    if (which.equals("none")) {
      return List.of();
    }
    String classPath = classPath();
    String model = existing("model").toString();
    List<PeerProcess> peers = new ArrayList<>();
    if (!which.equals("torch")) {
      for (String attention : List.of("fused", "plain")) {
        existing("model/vision-" + attention + ".onnx");
        existing("model/text-" + attention + ".onnx");
        peers.add(owner.own(PeerProcess.java("onnxruntime, " + attention + " attention", classPath, PACKAGE + "OnnxRuntimePeer",
            List.of(model, attention, "" + threads), ANSWER_TIMEOUT)));
      }
    }
    if (!which.equals("ort")) {
      existing("model/vision.pt");
      existing("model/text.pt");
      peers.add(owner.own(PeerProcess.java("libtorch", classPath, PACKAGE + "LibtorchPeer", List.of(model, "" + threads), ANSWER_TIMEOUT)));
    }
    return peers;
  }

  private String classPath() {
    Path list = existing("peers.classpath");
    try {
      String own = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(entry -> Path.of(entry).toAbsolutePath().toString()).collect(Collectors.joining(File.pathSeparator));
      return String.join(File.pathSeparator, own, existing("peer-classes").toString(), Files.readString(list).strip());
    } catch (IOException e) {
      throw new BadInputException(list + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private Path existing(String name) {
    Path path = work.resolve(name);
    if (!Files.exists(path)) {
      throw new BadInputException(
          path + ": not found; expected what bench/peers/prepare makes (run it, or measure alone with --peers none)");
    }
    return path.toAbsolutePath();
  }
}
