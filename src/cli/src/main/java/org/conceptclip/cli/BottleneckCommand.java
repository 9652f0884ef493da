package org.conceptclip.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bottleneck}: classifiers that decide by concepts in words; its subcommands train, apply and explain them. */
@Command(
    name = "bottleneck",
    description = "Concept bottlenecks: classifiers of images that see nothing but how similar an image is to concepts in words, and give"
        + " few of them a weight; so that every decision can be read, and tried out by hand.",
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  conceptclip bottleneck train --data items.csv --concepts @concepts.txt --out b.safetensors --report b.html",
      "  conceptclip bottleneck explain --bottleneck b.safetensors scans/*.png --out explained"
    })
final class BottleneckCommand implements Runnable {
  @Spec private CommandSpec spec;

  private BottleneckCommand() {}

  static CommandLine create(Context context) {
    return new CommandLine(new BottleneckCommand())
        .addSubcommand("train", new BottleneckTrainCommand(context))
        .addSubcommand("apply", new BottleneckApplyCommand(context))
        .addSubcommand("explain", new BottleneckExplainCommand(context));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command? expected train, apply or explain");
  }
}
