package org.conceptclip.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.conceptclip.util.OneLine;

/**
 * The server of the protocol whose client is {@link PeerProcess}: one contestant, one line per request and per answer.
 *
 * <p>Requests {@code version}, {@code prepare <workload>}, {@code run}, {@code stream <passes>}, {@code
 * quit}; answers {@code version <text>}, {@code ready}, {@code sample <nanos> <value>...}, or {@code error <one line>}.
 */
public final class PeerServer {
  private PeerServer() {}

  /** Answers requests until {@code quit} or the end of the input; closes the contestant. */
  public static void serve(Contestant contestant, InputStream in, PrintStream out) throws IOException {
    try (contestant;
        BufferedReader requests = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = requests.readLine(); line != null && !line.equals("quit"); line = requests.readLine()) {
        out.println(answer(contestant, line));
        out.flush();
      }
    }
  }

  private static String answer(Contestant.Sample sample) {
    StringBuilder answer = new StringBuilder("sample ").append(sample.nanos());
    for (float value : sample.values()) {
      answer.append(' ').append(value);
    }
    return answer.toString();
  }

  private static String answer(Contestant contestant, String request) {
    try {
      if (request.equals("version")) {
        return "version " + contestant.version();
      }
      if (request.startsWith("prepare ")) {
        contestant.prepare(Workload.parse(request.substring("prepare ".length())));
        return "ready";
      }
      if (request.equals("run")) {
        return answer(contestant.run());
      }
      if (request.startsWith("stream ")) {
        return answer(contestant.stream(Integer.parseInt(request.substring("stream ".length()))));
      }
      return "error unknown request: " + request;
    } catch (Exception | LinkageError failure) {
      return "error " + OneLine.of(failure.toString());
    }
  }
}
