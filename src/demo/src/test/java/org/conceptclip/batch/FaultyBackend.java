package org.conceptclip.batch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import org.conceptclip.backend.Backend;
import org.conceptclip.op.DecoratedBackend;
import org.conceptclip.op.Ops;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/** A host backend on which passes over images can be held up or fail, and images of one look make their results NaN. */
final class FaultyBackend extends DecoratedBackend {
  private static final byte POISON = (byte) 0xab;

  private volatile Fault fault = images -> {};

  /** Happens in front of a pass over images. */
  interface Fault {
    void before(int images);
  }

  FaultyBackend(Backend inner) {
    super(inner);
  }

  /** From now on, until another is set. */
  void happens(Fault what) {
    fault = what;
  }

  /** An image whose features are NaN. */
  static HostTensor poisoned() {
    byte[] bytes = new byte[EngineFixture.SIZE * EngineFixture.SIZE * 3];
    Arrays.fill(bytes, POISON);
    return HostTensor.view(DType.U8, Shape.of(EngineFixture.SIZE, EngineFixture.SIZE, 3), MemorySegment.ofArray(bytes));
  }

  @Override
  protected Ops decorate(Ops ops) {
    return (Ops) Proxy.newProxyInstance(Ops.class.getClassLoader(), new Class<?>[] {Ops.class}, (proxy, method, arguments) -> {
      boolean patches = method.getName().equals("patchEmbed");
      if (patches) {
        fault.before((int) ((HostTensor) arguments[0]).shape().extent(0));
      }
      try {
        Object result = method.invoke(ops, arguments);
        if (patches) {
          poison((HostTensor) arguments[0], (HostTensor) arguments[2]);
        }
        return result;
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    });
  }

  private static void poison(HostTensor pixels, HostTensor rows) {
    long images = pixels.shape().extent(0);
    for (long i = 0; i < images; i++) {
      long first = i * (pixels.byteSize() / images);
      boolean poisoned = true;
      for (int k = 0; k < 8; k++) {
        poisoned &= pixels.data().get(ValueLayout.JAVA_BYTE, first + k) == POISON;
      }
      if (poisoned) {
        rows.set(i * (rows.shape().elements() / images), Double.NaN);
      }
    }
  }
}
