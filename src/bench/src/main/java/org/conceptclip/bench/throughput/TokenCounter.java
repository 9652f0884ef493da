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
    return wrap(Backend.class, backend, (name, result) ->
        name.equals("openExecution") ? wrap(Execution.class, (Execution) result, (called, ops) ->
            called.equals("ops") ? wrap(Ops.class, (Ops) ops, (op, nothing) -> nothing) : ops) : result);
  }

  /** Rows computed so far. */
  long rows() {
    return rows.sum();
  }

  /** What becomes of a method's result. */
  private interface Change {
    Object result(String method, Object result);
  }

  private <T> T wrap(Class<T> type, T target, Change change) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
      if (method.getName().equals("tokenEmbed")) {
        rows.add(((TokenBatch) arguments[0]).ids().length);
      }
      try {
        return change.result(method.getName(), method.invoke(target, arguments));
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }));
  }
}
