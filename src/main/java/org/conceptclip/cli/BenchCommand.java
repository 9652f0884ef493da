package org.conceptclip.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench}: measures; what is said by its subcommands. */
@Command(name = "bench", description = "Measures throughput, against peers where there are some.", sortOptions = false)
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  private BenchCommand() {}

  static CommandLine create(Context context) {
    return new CommandLine(new BenchCommand()).addSubcommand("cpu", new BenchCpuCommand(context))
        .addSubcommand("gpu", new BenchGpuCommand(context))
        .addSubcommand("load", new BenchLoadCommand(context));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which benchmark? There are: bench cpu, bench gpu, bench load");
  }
}
