package org.conceptclip.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Small programs of the machine that are asked for one answer. */
final class Programs {
  private static final int LIMIT_SECONDS = 60;

  private Programs() {}

  /** Standard output of a program that ends with exit code 0 within a minute; empty when there is no such program, or it fails. */
  static Optional<String> output(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return Optional.of(output.strip());
      }
      process.destroyForcibly();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // no such program
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException("interrupted during " + command[0], e);
    }
  }
}
