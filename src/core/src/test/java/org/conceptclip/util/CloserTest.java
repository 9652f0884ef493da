package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CloserTest {
  private final List<String> closed = new ArrayList<>();
  private final Closer closer = new Closer();

  private AutoCloseable resource(String name, Exception failureOrNull) {
    return () -> {
      closed.add(name);
      if (failureOrNull != null) {
        throw failureOrNull;
      }
    };
  }

  @Test
  void closesInReverseOrderAndOnce() {
    closer.own(resource("first", null));
    assertEquals("object", closer.own("object", resource("second", null)));
    closer.close();
    closer.close();
    assertEquals(List.of("second", "first"), closed);
  }

  @Test
  void aFailureDoesNotKeepTheOthersOpen() {
    IllegalArgumentException first = new IllegalArgumentException("third");
    IOException second = new IOException("first");
    closer.own(resource("first", second));
    closer.own(resource("second", null));
    closer.own(resource("third", first));
    assertSame(first, assertThrows(IllegalArgumentException.class, closer::close));
    assertEquals(List.of("third", "second", "first"), closed);
    assertSame(second, first.getSuppressed()[0]);
  }

  @Test
  void aCheckedFailureIsTheCause() {
    IOException failure = new IOException("disk");
    closer.own(resource("first", failure));
    assertSame(failure, assertThrows(IllegalStateException.class, closer::close).getCause());
  }

  @Test
  void anInterruptIsNotLost() {
    closer.own(resource("first", new InterruptedException()));
    assertThrows(IllegalStateException.class, closer::close);
    assertTrue(Thread.interrupted());
  }

  @Test
  void afterAFailureThatFailureIsReported() {
    closer.own(resource("first", new IllegalStateException("second failure")));
    RuntimeException failure = new RuntimeException("first failure");
    closer.closeAfter(failure);
    assertEquals("second failure", failure.getSuppressed()[0].getMessage());
    Closer.closeAll(List.of(resource("a", null), resource("b", null)));
    assertEquals(List.of("first", "a", "b"), closed);
  }
}
