package org.conceptclip.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** The command {@code conceptclip}: runs its subcommands and converts failures to messages and exit codes. */
@Command(
    name = "conceptclip",
    versionProvider = Versions.class,
    description = "ConceptCLIP on the JVM: zero-shot classification and embeddings of medical images. For research; not a"
        + " medical device.",
    footer = {
      "",
      "Exit codes: 0 done, 1 internal error or out of memory, 2 wrong usage, 3 bad input, 4 backend unavailable or its device failed,"
          + " 5 partly done, 8 results could not be written to stdout, 9 fp8 not recommended, 141 the reader of stdout has gone.",
      "Results go to stdout, everything else to stderr."
    })
public final class CommandLineApp implements Runnable {
  @Spec private CommandSpec spec;

  // Inherited, so that the flag may stand before or after the command; read in run() below, before options are parsed in full.
  @Option(
      names = "--debug",
      scope = CommandLine.ScopeType.INHERIT,
      description = "show stack traces with error messages")
  private boolean debug;

  @Option(names = {"-h", "--help"}, usageHelp = true, scope = CommandLine.ScopeType.INHERIT, description = "show this help")
  private boolean help;

  @Option(names = {"-V", "--version"}, versionHelp = true, description = "show the version")
  private boolean version;

  private CommandLineApp() {}

  /** Runs one command. Returns its exit code; throws nothing. Results that cannot be delivered are a failure of the command. */
  public static int run(String[] args, Console console) {
    Console talking = Arrays.asList(args).contains("--debug") ? console.withTraces() : console;
    FailureReport report = new FailureReport(talking, "conceptclip");
    int code;
    try {
      code = execute(args, talking);
    } catch (Throwable failure) { // whatever ends a command, errors of the JVM included, becomes a line and a code
      code = report.exitCode(failure);
    }
    try {
      talking.out().flush();
    } catch (ResultsLostException failure) {
      int lost = report.exitCode(failure);
      return code == ExitCode.DONE ? lost : code;
    }
    return code;
  }

  private static int execute(String[] args, Console console) {
    CommandLine commands = commandLine(args, console);
    // A writer that fails, as all results do: the help and the version are results, too.
    commands.setOut(console.out().writer());
    commands.setErr(new PrintWriter(console.err(), true));
    // Arguments that begin with @ are label files, not argument files.
    commands.setExpandAtFiles(false);
    commands.setCaseInsensitiveEnumValuesAllowed(true);
    commands.registerConverter(Path.class, Arguments::path);
    commands.registerConverter(String.class, Arguments::text);
    try {
      // Not execute(): it prints the traces of what fails outside of a command.
      return new CommandLine.RunLast().execute(commands.parseArgs(args));
    } catch (ParameterException e) {
      return report(console, e.getCommandLine()).usage(e.getMessage(), e);
    } catch (ExecutionException e) {
      return report(console, e.getCommandLine()).exitCode(e.getCause() == null ? e : e.getCause());
    }
  }

  private static FailureReport report(Console console, CommandLine command) {
    return new FailureReport(console, command.getCommandSpec().qualifiedName());
  }

  /** The program with the command that the arguments name, or with all of them. */
  static CommandLine commandLine(String[] args, Console console) {
    CommandLine commands = new CommandLine(new CommandLineApp());
    subcommands(args, new Context(console)).forEach((name, command) -> commands.addSubcommand(name, command.get()));
    return commands;
  }

  /** The commands by name: the one that the arguments name, else all of them (for the help, or the message about a typing error). */
  private static Map<String, Supplier<Object>> subcommands(String[] args, Context context) {
    // Each command costs picocli some 20 ms of reflection, so only the needed one is registered.
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("classify", () -> new ClassifyCommand(context));
    all.put("concepts", () -> new ConceptsCommand(context));
    all.put("eval", () -> new EvalCommand(context));
    all.put("forward", () -> new ForwardCommand(context));
    all.put("preprocess", () -> new PreprocessCommand(context));
    all.put("convert", () -> new ConvertCommand(context));
    all.put("calibrate", () -> new CalibrateCommand(context));
    all.put("tune", () -> new TuneCommand(context));
    all.put("bottleneck", () -> BottleneckCommand.create(context));
    all.put("probe", () -> ProbeCommand.create(context));
    all.put("bench", () -> BenchCommand.create(context));
    all.put("doctor", () -> new DoctorCommand(context));
    return args.length > 0 && all.containsKey(args[0]) ? Map.of(args[0], all.get(args[0])) : all;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command?");
  }
}
