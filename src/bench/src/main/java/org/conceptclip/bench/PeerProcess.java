package org.conceptclip.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.conceptclip.util.OneLine;

/**
 * A contestant in a process of its own, so that the native libraries of two peers never meet and a crash is one failed row. Owns the
 * process and ends it, by force if it does not answer.
 */
public final class PeerProcess implements Contestant {
  private final String name;
  private final String precision;
  private final Duration timeout;
  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter requests;

  /**
   * Starts a peer that is a Java program and computes in float32.
   *
   * @param classPath given in the environment and not as an argument: ONNX Runtime 1.29 overflows the stack of a Java thread, and so
   *     crashes its process, where the command line is longer than about 3,700 characters
   * @param main class whose main method serves {@link PeerServer}'s lines
   * @param timeout longest wait for one answer
   */
  public static PeerProcess java(String name, String classPath, String main, List<String> arguments, Duration timeout) {
    List<String> command = new ArrayList<>(
        List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED", main));
    command.addAll(arguments);
    return new PeerProcess(name, "fp32", command, Map.of("CLASSPATH", classPath), timeout);
  }

  /**
   * Starts a process that speaks {@link PeerServer}'s lines.
   *
   * @param precision that it computes in, by its label
   * @param command program and arguments; its standard error goes to ours
   * @param environment variables besides ours
   * @param timeout longest wait for one answer
   */
  public PeerProcess(String name, String precision, List<String> command, Map<String, String> environment, Duration timeout) {
    this.name = name;
    this.precision = precision;
    this.timeout = timeout;
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ContestantFailedException(name + ": cannot start: " + e.getMessage(), e);
    }
    answers = process.inputReader(StandardCharsets.UTF_8);
    requests = process.outputWriter(StandardCharsets.UTF_8);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String version() {
    return ask("version", "version ");
  }

  @Override
  public String precision() {
    return precision;
  }

  @Override
  public void prepare(Workload workload) {
    ask("prepare " + workload.line(), "ready");
  }

  @Override
  public Sample run() {
    return sample("run");
  }

  @Override
  public Sample stream(int passes) {
    return sample("stream " + passes);
  }

  private Sample sample(String request) {
    String[] words = ask(request, "sample ").split(" ");
    try {
      float[] values = new float[words.length - 1];
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.parseFloat(words[i + 1]);
      }
      return new Sample(Long.parseLong(words[0]), values);
    } catch (NumberFormatException e) {
      throw new ContestantFailedException(
          name + ": answered a sample that is not all numbers: " + OneLine.quoted(String.join(" ", words)), e);
    }
  }

  @Override
  public void close() {
    try {
      requests.write("quit\n");
      requests.close();
      process.onExit().completeOnTimeout(process, 5, TimeUnit.SECONDS).join();
    } catch (IOException e) {
      // The process has gone already; destroying it below does no harm.
    }
    process.destroyForcibly();
  }

  private String ask(String request, String expectedPrefix) {
    try {
      requests.write(request + "\n");
      requests.flush();
    } catch (IOException e) {
      throw new ContestantFailedException(name + ": gone before '" + request + "'" + exitCode(), e);
    }
    String answer = await(request);
    if (answer == null) {
      throw new ContestantFailedException(name + ": ended during '" + request + "'" + exitCode());
    }
    if (!answer.startsWith(expectedPrefix)) {
      throw new ContestantFailedException(name + ": answered " + OneLine.quoted(answer) + " to " + OneLine.quoted(request, 40));
    }
    return answer.substring(expectedPrefix.length()).trim();
  }

  private String await(String request) {
    FutureTask<String> line = new FutureTask<>(answers::readLine);
    Thread.ofVirtual().start(line);
    try {
      return line.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      process.destroyForcibly();
      throw new ContestantFailedException(name + ": no answer to '" + request + "' in " + timeout.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw new ContestantFailedException(name + ": " + e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException(name + ": interrupted", e);
    }
  }

  private String exitCode() {
    return process.onExit().thenApply(ended -> ", exit code " + ended.exitValue()).completeOnTimeout("", 1, TimeUnit.SECONDS).join();
  }
}
