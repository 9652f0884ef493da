/** Calibrations for products in 8 bits: which products of one checkpoint compute in E4M3, and with which scales. */
package org.conceptclip.calibration;
