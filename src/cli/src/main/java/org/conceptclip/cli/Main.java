package org.conceptclip.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
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
    int code = CommandLineApp.run(args, console);
    err.flush();
    System.exit(code);
  }

  private static boolean debug() {
    String value = System.getenv("CONCEPTCLIP_DEBUG");
    return value != null && !value.isEmpty() && !value.equals("0");
  }
}
