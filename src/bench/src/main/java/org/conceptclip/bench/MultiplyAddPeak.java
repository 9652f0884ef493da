package org.conceptclip.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The multiply-add rate that this machine reaches now: the roof that matrix products are held against. Measured by a small C
 * program, {@code bench/fma-peak.c}, since the compiler of this JVM reaches under half of it (docs/adr/0006-benchmark.md).
 *
 * @param float32Gflops of fused multiply-adds, over all threads
 * @param bfloat16Gflops of bfloat16 dot products with float32 sums; 0 where the processor has none
 */
public record MultiplyAddPeak(double float32Gflops, double bfloat16Gflops) {

  /**
   * Compiles and runs the program. Empty when there is no C compiler, or no source because this is no checkout.
   *
   * @param checkout root of the sources
   */
  public static Optional<MultiplyAddPeak> measure(Path checkout, int threads) {
    Path source = checkout.resolve("bench/fma-peak.c");
    if (!Files.isRegularFile(source)) {
      return Optional.empty();
    }
    try {
      Path program = Files.createTempFile("fma-peak", "");
      try {
        Optional<String> compiled =
            run(List.of("cc", "-O2", "-march=native", "-pthread", source.toString(), "-o", program.toString()));
        return compiled.flatMap(ignored -> run(List.of(program.toString(), "" + threads))).map(MultiplyAddPeak::parse);
      } finally {
        Files.delete(program);
      }
    } catch (IOException e) {
      throw new ContestantFailedException("fma-peak: " + e.getMessage(), e);
    }
  }

  /** The roof for a precision's products: bfloat16's where both factors are. */
  double gflopsFor(boolean bfloat16) {
    return bfloat16 ? bfloat16Gflops : float32Gflops;
  }

  static MultiplyAddPeak parse(String output) {
    String[] words = output.strip().split(" ");
    return new MultiplyAddPeak(Double.parseDouble(words[0]), Double.parseDouble(words[1]));
  }

  /** Output of a program that exits with 0; empty when there is no such program, or it fails. */
  private static Optional<String> run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return Optional.of(output);
      }
      process.destroyForcibly();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException("interrupted", e);
    }
  }
}
