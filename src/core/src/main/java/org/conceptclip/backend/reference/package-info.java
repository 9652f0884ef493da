/** The reference backend: every op as plain loops in float64. Other backends are tested against it; it is simple and slow on purpose. */
package org.conceptclip.backend.reference;
