package org.conceptclip.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.conceptclip.bench.Checkout;
import org.conceptclip.bench.PeerProcess;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.util.Closer;

/**
 * PyTorch on the GPU, in a process of its own, on the weights that we compute with.
 *
 * @param python interpreter that has torch, timm and transformers
 * @param work folder that the weights are written to, once
 * @param console gets a line when weights are written
 */
record TorchPeers(String python, Path work, Console console) {
  /** Compiling a tower takes PyTorch minutes. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);

  private static final String SCRIPT = "torch_peer.py";

  /**
   * Starts a peer for each of the modes.
   *
   * @param modes {@code eager} or {@code compile}
   * @param owner closes each of them, also when a later one cannot be started
   */
  List<PeerProcess> start(String model, List<String> modes, Closer owner) {
    Path weights = weights(model);
    List<PeerProcess> peers = new ArrayList<>();
    for (String mode : modes) {
      List<String> command = List.of(
          python, script().toString(), "--model", weights.toString(), "--mode", mode, "--device", "cuda");
      peers.add(owner.own(new PeerProcess(name(mode), "fp16", command, Map.of(), ANSWER_TIMEOUT)));
    }
    return peers;
  }

  private static String name(String mode) {
    return mode.equals("eager") ? "PyTorch" : "PyTorch, torch.compile";
  }

  /** The model as a folder, in float16, the type that all contestants round their weights to. */
  private Path weights(String model) {
    Path folder = work.resolve(model.replace(':', '-') + "-fp16");
    if (!Files.exists(folder.resolve("config.json"))) {
      try (OpenModel open = OpenModel.open(model)) {
        // The configuration is written last, so a folder that has it is whole.
        open.write(folder, DType.F16, true, elements -> {});
      }
    }
    return folder.toAbsolutePath();
  }

  /** Beside the program, as the bundle has it, or in the checkout. */
  private static Path script() {
    Path beside = Checkout.root().resolve("peers").resolve(SCRIPT);
    Path inCheckout = Checkout.root().resolve("bench/peers/python").resolve(SCRIPT);
    for (Path candidate : List.of(beside, inCheckout)) {
      if (Files.isRegularFile(candidate)) {
        return candidate;
      }
    }
    throw new BadInputException("no " + SCRIPT + " at " + beside + " or " + inCheckout + "; measure alone with --peers none");
  }
}
