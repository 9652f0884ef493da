package org.conceptclip.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which sources a result was measured on. */
final class Commit {
  /** Set by a launcher that runs far from the checkout. */
  private static final String PROPERTY = "conceptclip.commit";

  private Commit() {}

  /** Short hash of the checkout's commit, with "+" when tracked files differ from it; "unknown" outside a checkout, unless told. */
  static String of(Path checkout) {
    String told = System.getProperty(PROPERTY);
    if (told != null) {
      return told;
    }
    try {
      String hash = git(checkout, "rev-parse", "--short=10", "HEAD");
      return git(checkout, "status", "--porcelain", "--untracked-files=no").isEmpty() ? hash : hash + "+";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }

  private static String git(Path checkout, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("git", "-C", checkout.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException("git " + arguments[0] + " failed in " + checkout);
    }
    return output;
  }
}
