package org.conceptclip.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.text.TokenizerUnavailableException;
import org.conceptclip.util.OneLine;
import picocli.CommandLine.Command;
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
      "Exit codes: 0 done, 2 wrong usage, 3 bad input, 4 backend unavailable or its device failed, 5 partly done.",
      "Results go to stdout, everything else to stderr."
    })
public final class CommandLineApp implements Runnable {
  /** Length of the longest message in characters: enough for a list of missing weights. */
  private static final int LONGEST_MESSAGE = 10_000;

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

  /** Runs one command. Returns its exit code; throws nothing. */
  public static int run(String[] args, Console console) {
    Console talking = Arrays.asList(args).contains("--debug") ? console.withTraces() : console;
    Context context = new Context(talking);
    CommandLine commands = new CommandLine(new CommandLineApp());
    subcommands(args, context).forEach((name, command) -> commands.addSubcommand(name, command.get()));
    commands.setOut(new PrintWriter(talking.out(), true));
    commands.setErr(new PrintWriter(talking.err(), true));
    // Arguments that begin with @ are label files, not argument files.
    commands.setExpandAtFiles(false);
    commands.setCaseInsensitiveEnumValuesAllowed(true);
    commands.setParameterExceptionHandler(
        (failure, unused) -> usage(talking, failure.getCommandLine(), oneLine(failure.getMessage()), failure));
    commands.setExecutionExceptionHandler((failure, command, unused) -> exitCode(talking, command, failure));
    int code = commands.execute(args);
    talking.out().flush();
    return code;
  }

  /** The commands by name: the one that the arguments name, else all of them (for the help, or the message about a typing error). */
  private static Map<String, Supplier<Object>> subcommands(String[] args, Context context) {
    // Each command costs picocli some 20 ms of reflection, so only the needed one is registered.
    Map<String, Supplier<Object>> all = new LinkedHashMap<>();
    all.put("classify", () -> new ClassifyCommand(context));
    all.put("forward", () -> new ForwardCommand(context));
    all.put("preprocess", () -> new PreprocessCommand(context));
    all.put("convert", () -> new ConvertCommand(context));
    all.put("bench", () -> BenchCommand.create(context));
    all.put("doctor", () -> new DoctorCommand(context));
    return args.length > 0 && all.containsKey(args[0]) ? Map.of(args[0], all.get(args[0])) : all;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command?");
  }

  private static int usage(Console console, CommandLine command, String message, Exception failure) {
    console.fail(message, failure);
    console.say("try: " + command.getCommandSpec().qualifiedName() + " --help");
    return ExitCode.WRONG_USAGE;
  }

  private static int exitCode(Console console, CommandLine command, Exception failure) {
    String message = oneLine(failure.getMessage());
    switch (failure) {
      case UsageException _ -> {
        return usage(console, command, message, failure);
      }
      case UnsupportedRequestException _ -> {
        // The message begins with a part of the request, which has the name of an option here.
        return usage(console, command, "--" + message, failure);
      }
      case BadInputException _, NonFiniteResultException _ -> {
        console.fail(message, failure);
        return ExitCode.BAD_INPUT;
      }
      case BackendUnavailableException _, TokenizerUnavailableException _ -> {
        console.fail(message, failure);
        return ExitCode.BACKEND_UNAVAILABLE;
      }
      case DeviceException e -> {
        console.fail(message + (e.kind() == DeviceException.Kind.LOST ? "; the device can do no more work in this process" : ""), e);
        return ExitCode.BACKEND_UNAVAILABLE;
      }
      default -> {
        console.fail("internal error: " + failure.getClass().getSimpleName() + ": " + message
            + (console.traces() ? "" : " (--debug shows where)"), failure);
        return ExitCode.INTERNAL_ERROR;
      }
    }
  }

  private static String oneLine(String message) {
    return OneLine.of(message, LONGEST_MESSAGE);
  }
}
