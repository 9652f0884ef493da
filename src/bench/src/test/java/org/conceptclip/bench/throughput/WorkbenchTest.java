package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.batch.BatcherOptions;
import org.junit.jupiter.api.Test;

class WorkbenchTest {
  private final List<String> closed = new ArrayList<>();

  /** Its backend cannot be closed. */
  private BackendProvider failing(String backend) {
    return new BackendProvider() {
      @Override
      public String name() {
        return backend;
      }

      @Override
      public OptionalInt automaticRank() {
        return OptionalInt.empty();
      }

      @Override
      public Backend open(BackendRequest request) {
        return (Backend) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
          if (!method.getName().equals("close")) {
            throw new UnsupportedOperationException(method.getName());
          }
          closed.add(backend);
          throw new IllegalStateException(backend + " is stuck");
        });
      }
    };
  }

  @Test
  void aBackendThatCannotBeClosedDoesNotKeepTheOthersOpen() {
    Workbench bench = new Workbench(new Backends(List.of(failing("first"), failing("second"))), notice -> {});
    for (String backend : List.of("first", "second")) {
      bench.backend(new Setup("synthetic:tiny", backend, BackendRequest.DEFAULT, 0, BatcherOptions.DEFAULT));
    }
    IllegalStateException failure = assertThrows(IllegalStateException.class, bench::close);
    assertEquals(List.of("second", "first"), closed, "in reverse order");
    assertEquals("second is stuck", failure.getMessage());
    assertEquals("first is stuck", failure.getSuppressed()[0].getMessage());
  }
}
