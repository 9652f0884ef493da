package org.conceptclip.cli;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.conceptclip.bench.PeerProcess;
import org.conceptclip.tensor.BadInputException;

/**
 * The peers that {@code bench/peers/prepare} set up: their adapters' class path and the exported model, in one folder.
 *
 * @param work that folder
 */
record BenchPeers(Path work) {
  private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);
  private static final String PACKAGE = "org.conceptclip.bench.peer.";

  /** The folder below the checkout that this program was built in; below the working directory when it was not. */
  static Path defaultWork() {
    return checkout().resolve("bench").resolve("work");
  }

  /**
   * Root of the checkout, by the place of this program's jar or classes: {@code <root>/target/...}. The jar's own folder where the
   * program was unpacked elsewhere.
   */
  static Path checkout() {
    try {
      Path code = Path.of(BenchPeers.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path target = code.getParent();
      if (target.endsWith("target")) {
        return target.getParent();
      }
      return Files.isRegularFile(code) ? target : Path.of("").toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Starts peers.
   *
   * @param which {@code ort}, {@code torch} or {@code all}
   * @param onStart takes each as soon as it runs, and closes it in the end
   * @throws BadInputException if they were not prepared
   */
  void start(String which, int threads, Consumer<PeerProcess> onStart) {
    String classPath = classPath();
    String model = existing("model").toString();
    if (!which.equals("torch")) {
      for (String attention : List.of("fused", "plain")) {
        existing("model/vision-" + attention + ".onnx");
        existing("model/text-" + attention + ".onnx");
        String name = "onnxruntime, " + attention + " attention";
        onStart.accept(peer(name, classPath, "OnnxRuntimePeer", model, attention, "" + threads));
      }
    }
    if (!which.equals("ort")) {
      existing("model/vision.pt");
      existing("model/text.pt");
      onStart.accept(peer("libtorch", classPath, "LibtorchPeer", model, "" + threads));
    }
  }

  private String classPath() {
    try {
      String own = System.getProperty("java.class.path");
      return String.join(
          System.getProperty("path.separator"),
          absolute(own),
          existing("peer-classes").toString(),
          Files.readString(existing("peers.classpath")).strip());
    } catch (IOException e) {
      throw new BadInputException(work + "/peers.classpath: cannot be read: " + e.getMessage(), e);
    }
  }

  private static String absolute(String classPath) {
    String separator = System.getProperty("path.separator");
    List<String> entries = new ArrayList<>();
    for (String entry : classPath.split(separator)) {
      entries.add(Path.of(entry).toAbsolutePath().toString());
    }
    return String.join(separator, entries);
  }

  private Path existing(String name) {
    Path path = work.resolve(name);
    if (!Files.exists(path)) {
      throw new BadInputException(
          path + ": not found; expected what bench/peers/prepare makes (run it, or measure alone with --peers none)");
    }
    return path.toAbsolutePath();
  }

  private static PeerProcess peer(String name, String classPath, String main, String... arguments) {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        classPath,
        PACKAGE + main));
    command.addAll(List.of(arguments));
    return new PeerProcess(name, command, ANSWER_TIMEOUT);
  }
}
