package org.conceptclip.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** Entry point of the command line. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    // UTF-8 in every locale: labels and paths are printed as they were given.
    PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    // What a library prints is no result.
    System.setOut(err);
    Console console =
        new Console(new FileInputStream(FileDescriptor.in), Results.stdout(), err, Boolean.getBoolean("conceptclip.interactive"), debug());
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
        console.fail("internal error in thread " + thread.getName() + ": " + FailureReport.described(failure), failure));
    int code = run(args, console);
    err.flush();
    System.exit(code);
  }

  private static int run(String[] args, Console console) {
    String[] exact;
    try {
      exact = Arguments.exact(args, Arguments.COMMAND_LINE, Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
    } catch (UsageException e) {
      console.fail(e.getMessage(), e);
      return ExitCode.WRONG_USAGE;
    }
    return CommandLineApp.run(exact, console);
  }

  private static boolean debug() {
    String value = System.getenv("CONCEPTCLIP_DEBUG");
    return value != null && !value.isEmpty() && !value.equals("0");
  }
}
