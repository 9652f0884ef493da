package org.conceptclip.op;

import org.conceptclip.backend.Backend;

/** One named case of the op contract, which any backend can be put to. */
record ContractCase(String name, Body body) {
  interface Body {
    void run(Bench bench);
  }

  /**
   * @param products how the device of the backend sums
   * @throws AssertionError if the backend breaks the contract
   */
  void run(Backend backend, ProductSums products) {
    try (Bench bench = new Bench(backend, products)) {
      body.run(bench);
      bench.checkInputsUntouched();
    } catch (AssertionError failure) {
      throw new AssertionError(name + ": " + failure.getMessage(), failure);
    }
  }
}
