package org.conceptclip.op;

import org.conceptclip.backend.Backend;

/** One named case of the op contract, which any backend can be put to. */
record ContractCase(String name, Body body) {
  interface Body {
    void run(Bench bench);
  }

  /** @throws AssertionError if the backend breaks the contract */
  void run(Backend backend) {
    try (Bench bench = new Bench(backend)) {
      body.run(bench);
      bench.checkInputsUntouched();
    } catch (AssertionError failure) {
      throw new AssertionError(name + ": " + failure.getMessage(), failure);
    }
  }
}
