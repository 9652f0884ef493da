/** The truth: every op as plain loops in float64. Slow on purpose; nothing here is clever. */
package org.conceptclip.backend.reference;
