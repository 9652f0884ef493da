package org.conceptclip.batch;

import java.util.Arrays;

/**
 * Nodes in order of their rank; the first is found at once. A node is in one heap at most, and knows its place there. {@link #reserve}
 * allocates; adding and removing never do, so that they cannot fail for lack of memory. Not thread-safe.
 */
final class Heap<N extends Heap.Node> {
  private static final int ABSENT = -1;

  private Node[] nodes = new Node[4];
  private int size;

  /** Something with a rank, which must not change while it is in a heap. */
  abstract static class Node {
    private int place = ABSENT;

    /** The smallest is first. */
    abstract long rank();

    /** Decides between equal ranks; the smallest is first. */
    abstract long number();

    private boolean goesBefore(Node other) {
      return rank() != other.rank() ? rank() < other.rank() : number() < other.number();
    }
  }

  /** Makes room for so many nodes in all. */
  void reserve(int capacity) {
    if (capacity > nodes.length) {
      nodes = Arrays.copyOf(nodes, Math.max(capacity, 2 * nodes.length));
    }
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** The first node; {@code null} if there is none. */
  @SuppressWarnings("unchecked") // only nodes of this type are added
  N first() {
    return (N) nodes[0];
  }

  /** Adds a node that is in no heap. Its place must have been reserved. */
  void add(N node) {
    if (((Node) node).place != ABSENT) {
      throw new IllegalStateException("a node of a heap was added twice");
    }
    rise(node, size++);
  }

  /** Removes a node; returns false if it was in no heap. */
  boolean remove(N node) {
    int place = ((Node) node).place;
    if (place == ABSENT) {
      return false;
    }
    ((Node) node).place = ABSENT;
    Node last = nodes[--size];
    nodes[size] = null;
    if (last != node) {
      sink(last, place);
      rise(last, last.place);
    }
    return true;
  }

  private void rise(Node node, int from) {
    int place = from;
    while (place > 0 && node.goesBefore(nodes[(place - 1) / 2])) {
      put(nodes[(place - 1) / 2], place);
      place = (place - 1) / 2;
    }
    put(node, place);
  }

  private void sink(Node node, int from) {
    int place = from;
    while (2 * place + 1 < size) {
      int child = 2 * place + 1;
      if (child + 1 < size && nodes[child + 1].goesBefore(nodes[child])) {
        child++;
      }
      if (!nodes[child].goesBefore(node)) {
        break;
      }
      put(nodes[child], place);
      place = child;
    }
    put(node, place);
  }

  private void put(Node node, int place) {
    nodes[place] = node;
    node.place = place;
  }
}
