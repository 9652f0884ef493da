package org.conceptclip.backend.cuda;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.cuda.driver.CudaDriver;

/** Counts the calls to a driver that fail, so that a backend knows which lanes are in an unknown state. Thread-safe. */
final class FailureCounter implements InvocationHandler {
  private final CudaDriver driver;
  private final AtomicLong failures = new AtomicLong();

  FailureCounter(CudaDriver driver) {
    this.driver = driver;
  }

  /** The driver with a counter in front of every call. */
  CudaDriver counted() {
    return (CudaDriver) Proxy.newProxyInstance(CudaDriver.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, this);
  }

  /** Calls that failed so far. */
  long failures() {
    return failures.get();
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(driver, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof DeviceException) {
        failures.incrementAndGet();
      }
      throw e.getCause();
    }
  }
}
