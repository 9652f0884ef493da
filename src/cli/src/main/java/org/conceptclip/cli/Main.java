package org.conceptclip.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Entry point of the command line. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    // UTF-8 in every locale: labels and paths are printed as they were given.
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    Console console = new Console(out, err, Boolean.getBoolean("conceptclip.interactive"), debug());
    int code = CommandLineApp.run(args, console);
    out.flush();
    err.flush();
    System.exit(code);
  }

  private static boolean debug() {
    String value = System.getenv("CONCEPTCLIP_DEBUG");
    return value != null && !value.isEmpty() && !value.equals("0");
  }
}
