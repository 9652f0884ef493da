package org.conceptclip.bench.throughput;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.LongAdder;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.op.Ops;
import org.conceptclip.op.TokenBatch;

/**
 * Counts the text tokens that a backend really computes: rows of the first op of the text tower, padding included, seen from below
 * the encoder. Thread-safe.
 */
final class TokenCounter {
  private final LongAdder rows = new LongAdder();

  /** The backend with this counter inside. Its owner stays the owner; times through it are a little longer. */
  Backend around(Backend backend) {
    return wrap(Backend.class, backend);
  }

  /** Rows computed so far. */
  long rows() {
    return rows.sum();
  }

  private <T> T wrap(Class<T> type, Object target) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
      if (method.getName().equals("tokenEmbed")) {
        rows.add(((TokenBatch) arguments[0]).ids().length);
      }
      try {
        Object result = method.invoke(target, arguments);
        return switch (method.getName()) {
          case "openExecution" -> wrap(Execution.class, result);
          case "ops" -> wrap(Ops.class, result);
          default -> result;
        };
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }));
  }
}
