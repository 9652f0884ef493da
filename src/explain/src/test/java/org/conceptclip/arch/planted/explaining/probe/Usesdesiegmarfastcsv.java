package org.conceptclip.arch.planted.explaining.probe;

/** Breaks the arrows on purpose: only data reads and writes CSV. */
public interface Usesdesiegmarfastcsv {
  de.siegmar.fastcsv.reader.CsvReader<?> forbidden();
}
