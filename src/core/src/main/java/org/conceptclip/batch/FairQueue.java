package org.conceptclip.batch;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.TreeSet;

/**
 * Requests of one kind and priority, in an order that shares the device evenly by cost among callers. The requests of one caller stay
 * in order. Not thread-safe.
 *
 * <p>The algorithm is start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996). Virtual time counts the cost that each busy caller
 * was served. The caller that was served least is next. A caller that was idle starts at the present virtual time: its idle time earns
 * it no credit and no debt.
 */
final class FairQueue<K, P, R> {
  private final Comparator<Line> byStart = Comparator.<Line>comparingLong(line -> line.start).thenComparingLong(line -> line.number);
  private final Map<String, Line> lines = new HashMap<>();
  private final TreeSet<Line> waiting = new TreeSet<>(byStart);
  /** Callers without requests that are ahead of virtual time. If they were forgotten, their next request would start too early. */
  private final TreeSet<Line> ahead = new TreeSet<>(byStart);
  private long virtualTime;
  private long nextLine;

  /** One caller's requests. */
  private final class Line {
    final String caller;
    final long number;
    final LinkedHashSet<PendingRequest<K, P, R>> requests = new LinkedHashSet<>();
    long start;

    Line(String caller, long number, long start) {
      this.caller = caller;
      this.number = number;
      this.start = start;
    }
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  void add(PendingRequest<K, P, R> request) {
    opened(request).requests.addLast(request);
  }

  /** Undoes {@link #poll}: puts the request back in front of its caller's other requests. */
  void giveBack(PendingRequest<K, P, R> request) {
    Line line = opened(request);
    line.requests.addFirst(request);
    waiting.remove(line);
    line.start -= request.cost;
    waiting.add(line);
  }

  private Line opened(PendingRequest<K, P, R> request) {
    Line line = lines.computeIfAbsent(request.caller, caller -> new Line(caller, nextLine++, virtualTime));
    if (line.requests.isEmpty()) {
      ahead.remove(line);
      line.start = Math.max(line.start, virtualTime);
      waiting.add(line);
    }
    return line;
  }

  /** The next request; {@code null} when there is none. */
  PendingRequest<K, P, R> peek() {
    return waiting.isEmpty() ? null : waiting.first().requests.getFirst();
  }

  /** Takes the next request. There must be one. */
  PendingRequest<K, P, R> poll() {
    Line line = waiting.removeFirst();
    PendingRequest<K, P, R> request = line.requests.removeFirst();
    virtualTime = Math.max(virtualTime, line.start);
    line.start += request.cost;
    settle(line);
    return request;
  }

  /** Removes a request. It must be in this queue. */
  void remove(PendingRequest<K, P, R> request) {
    Line line = lines.get(request.caller);
    if (line == null || !line.requests.remove(request)) {
      throw new IllegalStateException("request " + request.number + " of caller \"" + request.caller + "\" is not in its queue");
    }
    if (line.requests.isEmpty()) {
      waiting.remove(line);
      settle(line);
    }
  }

  private void settle(Line line) {
    (line.requests.isEmpty() ? ahead : waiting).add(line);
    if (waiting.isEmpty()) {
      // No caller has requests, so past service no longer matters.
      lines.clear();
      ahead.clear();
      return;
    }
    while (!ahead.isEmpty() && ahead.first().start <= virtualTime) {
      lines.remove(ahead.removeFirst().caller);
    }
  }
}
