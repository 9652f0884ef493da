package org.conceptclip.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;

/**
 * A backend that starts on another thread while the caller reads the model: native libraries take as long to load as a small
 * model to open. Owns the backend.
 */
final class StartingBackend implements AutoCloseable {
  private final CompletableFuture<Backends.Choice> starting;
  private final Console console;

  StartingBackend(Context context, String name, BackendRequest request) {
    this.console = context.console();
    this.starting = CompletableFuture.supplyAsync(() -> context.backends().open(name, request));
  }

  /** The backend, once it has started; says which one was taken when the choice was ours. Throws what starting it threw. */
  Backend await() {
    try {
      Backends.Choice choice = starting.join();
      choice.note().ifPresent(console::say);
      return choice.backend();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        default -> throw e;
      }
    }
  }

  /** Closes the backend, if it started. (If it did not, whoever awaited it knows why; who did not has failed otherwise.) */
  @Override
  public void close() {
    starting.handle((choice, failure) -> choice).thenAccept(choice -> {
      if (choice != null) {
        choice.backend().close();
      }
    }).join();
  }
}
