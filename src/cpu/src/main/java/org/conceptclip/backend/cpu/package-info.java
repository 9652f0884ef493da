/** The CPU backend: oneDNN primitives on a small pool of our own threads. Decisions and figures: {@code docs/adr/0005-cpu-backend.md}. */
package org.conceptclip.backend.cpu;
