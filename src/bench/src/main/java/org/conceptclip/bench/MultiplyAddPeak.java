package org.conceptclip.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The multiply-add rate that this machine reaches now: the roof that matrix products are compared with. Measured by a small C
 * program, {@code bench/fma-peak.c}, since the compiler of this JVM reaches less than half of it (docs/adr/0006-benchmark.md).
 *
 * @param float32Gflops of fused multiply-adds, over all threads
 * @param bfloat16Gflops of bfloat16 dot products with float32 sums; 0 where the processor has none
 */
public record MultiplyAddPeak(double float32Gflops, double bfloat16Gflops) {

  /**
   * Compiles and runs the program. Empty when there is no C compiler, or no such source file.
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
        return Programs.output("cc", "-O2", "-march=native", "-pthread", source.toString(), "-o", program.toString())
            .flatMap(compiled -> Programs.output(program.toString(), "" + threads)).map(MultiplyAddPeak::parse);
      } finally {
        Files.delete(program);
      }
    } catch (IOException e) {
      throw new ContestantFailedException("fma-peak: " + e.getMessage(), e);
    }
  }

  /** The roof of a precision's products: that of bfloat16 where both factors are. The rate of memory is not measured. */
  public Roof roof(boolean bfloat16) {
    return new Roof(bfloat16 ? bfloat16Gflops : float32Gflops, Double.POSITIVE_INFINITY);
  }

  static MultiplyAddPeak parse(String output) {
    String[] words = output.strip().split(" ");
    return new MultiplyAddPeak(Double.parseDouble(words[0]), Double.parseDouble(words[1]));
  }
}
