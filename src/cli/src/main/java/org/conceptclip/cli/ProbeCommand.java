package org.conceptclip.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** {@code probe}: linear probes on frozen features; its subcommands do the work. */
@Command(
    name = "probe",
    description = "Linear probes: logistic regression on the features of images, which stay as they are (docs/probes.md).",
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  conceptclip probe train --data train.csv --out probe.safetensors",
      "  conceptclip probe apply --probe probe.safetensors scans/*.png",
      "  conceptclip probe train --features F.npy --labels L.csv --c 0.316 --out probe.safetensors"
    })
final class ProbeCommand implements Runnable {
  @Spec private CommandSpec spec;

  private ProbeCommand() {}

  static CommandLine create(Context context) {
    return new CommandLine(new ProbeCommand()).addSubcommand("train", new ProbeTrainCommand(context))
        .addSubcommand("apply", new ProbeApplyCommand(context));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "missing: train or apply");
  }
}
