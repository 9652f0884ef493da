package org.conceptclip.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
 */
record TorchPeers(String python, Path work) {
  /** Compiling a tower takes PyTorch minutes. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(5);

  private static final String SCRIPT = "torch_peer.py";

  /** How PyTorch computes, by the name of {@code --peers}. */
  enum Mode {
    EAGER("torch", "PyTorch", "eager"),
    COMPILE("torch-compile", "PyTorch, torch.compile", "compile"),
    GRAPHS("torch-graphs", "PyTorch, torch.compile, reduce-overhead", "graphs"),
    AUTOTUNE("torch-autotune", "PyTorch, torch.compile, max-autotune", "autotune");

    private static final List<Mode> ALL = List.of(EAGER, COMPILE, GRAPHS);

    private final String option;
    private final String title;
    private final String argument;

    Mode(String option, String title, String argument) {
      this.option = option;
      this.title = title;
      this.argument = argument;
    }

    /** Those that are named, in order; {@code all} for those that compile within minutes, {@code none} for none. */
    static List<Mode> of(List<String> names) {
      if (names.equals(List.of("none"))) {
        return List.of();
      }
      if (names.equals(List.of("all"))) {
        return ALL;
      }
      return names.stream().map(name -> Stream.of(values()).filter(mode -> mode.option.equals(name)).findFirst()
          .orElseThrow(() -> new UsageException("--peers " + name + ": expected some of "
              + Stream.of(values()).map(mode -> mode.option).collect(Collectors.joining(", ")) + ", or none, or all"))).distinct().toList();
    }
  }

  /**
   * Starts peers.
   *
   * @param owner closes each of them, also when a later one cannot be started
   */
  List<PeerProcess> start(String model, List<Mode> modes, Closer owner) {
    List<PeerProcess> peers = new ArrayList<>();
    for (Mode mode : modes) {
      peers.add(owner.own(start(mode, model)));
    }
    return peers;
  }

  private PeerProcess start(Mode mode, String model) {
    List<String> command =
        List.of(python, script().toString(), "--model", weights(model).toString(), "--mode", mode.argument, "--device", "cuda");
    return new PeerProcess(mode.title, "fp16", command, Map.of(), ANSWER_TIMEOUT);
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
    return Stream.of(beside, inCheckout).filter(Files::isRegularFile).findFirst().orElseThrow(() -> new BadInputException(
        "no " + SCRIPT + " at " + beside + " or " + inCheckout + "; measure alone with --peers none"));
  }
}
