package org.conceptclip.batch;

import java.util.HashMap;
import java.util.Map;

/**
 * Entries in an order that shares a resource evenly by cost among callers. The entries of one caller stay in order. Not thread-safe.
 *
 * <p>The algorithm is start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996). Virtual time counts the cost that each busy caller
 * was served. The caller that was served least is next. A caller that was idle starts at the present virtual time: its idle time earns
 * it no credit and no debt.
 *
 * <p>An entry {@link #join joins} before it is added. Joining allocates what its caller needs here. Nothing else does, so that nothing else
 * can fail for lack of memory.
 */
final class FairQueue<E extends FairQueue.Entry<E>> {
  private final Map<String, Line<E>> lines = new HashMap<>();
  private final Heap<Line<E>> waiting = new Heap<>();
  /** Callers without entries that are ahead of virtual time. If they were forgotten, their next entry would start too early. */
  private final Heap<Line<E>> ahead = new Heap<>();
  private long virtualTime;
  private long nextLine;

  /** Something that waits on behalf of a caller. */
  abstract static class Entry<E extends Entry<E>> extends Heap.Node {
    Line<E> line;
    E before;
    E behind;

    abstract String caller();

    abstract long cost();
  }

  /** One caller's entries. */
  static final class Line<E extends Entry<E>> extends Heap.Node {
    private final String caller;
    private final long number;
    private long start;
    private int members;
    private E first;
    private E last;

    private Line(String caller, long number, long start) {
      this.caller = caller;
      this.number = number;
      this.start = start;
    }

    @Override
    long rank() {
      return start;
    }

    @Override
    long number() {
      return number;
    }
  }

  /** Makes an entry a member, which may be added. Changes nothing if it fails. */
  void join(E entry) {
    Line<E> line = lines.get(entry.caller());
    if (line == null) {
      waiting.reserve(lines.size() + 1);
      ahead.reserve(lines.size() + 1);
      line = new Line<>(entry.caller(), nextLine++, virtualTime);
      put(line);
    }
    line.members++;
    entry.line = line;
  }

  private void put(Line<E> line) {
    try {
      lines.put(line.caller, line);
    } catch (Throwable failure) {
      // A map that cannot grow has put its entry already.
      lines.remove(line.caller);
      throw failure;
    }
  }

  /** Ends the membership of an entry that is not in the queue, and will not be added again. */
  void leave(E entry) {
    Line<E> line = entry.line;
    entry.line = null;
    line.members--;
    if (line.start <= virtualTime) {
      forgetIfUnused(line);
    }
  }

  private void forgetIfUnused(Line<E> line) {
    if (line.members == 0) {
      lines.remove(line.caller);
    }
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Adds a member behind its caller's other entries. */
  void add(E entry) {
    Line<E> line = opened(entry);
    entry.before = line.last;
    if (line.last == null) {
      line.first = entry;
    } else {
      line.last.behind = entry;
    }
    line.last = entry;
    waiting.add(line);
  }

  /** Undoes {@link #poll}: puts the entry back in front of its caller's other entries. */
  void giveBack(E entry) {
    Line<E> line = opened(entry);
    entry.behind = line.first;
    if (line.first == null) {
      line.last = entry;
    } else {
      line.first.before = entry;
    }
    line.first = entry;
    line.start -= entry.cost();
    waiting.add(line);
  }

  /** The entry's line, in no heap. */
  private Line<E> opened(E entry) {
    Line<E> line = entry.line;
    if (line.first == null) {
      ahead.remove(line);
      line.start = Math.max(line.start, virtualTime);
    } else {
      waiting.remove(line);
    }
    return line;
  }

  /** The next entry; {@code null} when there is none. */
  E peek() {
    return waiting.isEmpty() ? null : waiting.first().first;
  }

  /** Takes the next entry. There must be one. */
  E poll() {
    Line<E> line = waiting.first();
    E entry = line.first;
    waiting.remove(line);
    unlink(entry);
    virtualTime = Math.max(virtualTime, line.start);
    line.start += entry.cost();
    settle(line);
    return entry;
  }

  /** Removes an entry, which must be in this queue. */
  void remove(E entry) {
    Line<E> line = entry.line;
    waiting.remove(line);
    unlink(entry);
    settle(line);
  }

  private void unlink(E entry) {
    Line<E> line = entry.line;
    if (entry.before == null) {
      line.first = entry.behind;
    } else {
      entry.before.behind = entry.behind;
    }
    if (entry.behind == null) {
      line.last = entry.before;
    } else {
      entry.behind.before = entry.before;
    }
    entry.before = null;
    entry.behind = null;
  }

  private void settle(Line<E> line) {
    if (line.first != null) {
      waiting.add(line);
    } else {
      ahead.add(line);
    }
    // Without callers that have entries, past service no longer matters, so all callers become even.
    while (!ahead.isEmpty() && (waiting.isEmpty() || ahead.first().start <= virtualTime)) {
      Line<E> even = ahead.first();
      ahead.remove(even);
      virtualTime = Math.max(virtualTime, even.start);
      forgetIfUnused(even);
    }
  }
}
